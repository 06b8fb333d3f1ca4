"""The fixture product, as the tests of the runtime have it."""

from tests.runtime.conftest import built as built
from tests.runtime.conftest import product as product
