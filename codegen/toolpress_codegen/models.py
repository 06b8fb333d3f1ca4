"""The one call into datamodel-code-generator: definitions with our names in, Pydantic classes out."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping

from toolpress_codegen.diagnostics import UnpressableError
from toolpress_codegen.manifest import JsonSchema

_OLD_SENTINEL = "from pydantic.experimental.missing_sentinel import "


class UnmodelledError(UnpressableError):
    """A schema that no model can hold without loss; the message says which part."""


def model_classes(definitions: Mapping[str, JsonSchema], header: str) -> str:
    """Source of one models module, not yet formatted. Each definition becomes the class of that very name.

    Raises UnmodelledError where a constraint would be dropped.
    """
    from datamodel_code_generator import InputFileType, generate
    from datamodel_code_generator.enums import DataModelType, StrictTypes
    from datamodel_code_generator.format import PythonVersion
    from datamodel_code_generator.parser import LiteralType

    document = {
        "openapi": "3.1.0",
        "info": {"title": "arguments", "version": "1"},
        "paths": {},
        "components": {"schemas": dict(definitions)},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # it warns and goes on where it drops a constraint
        try:
            source = generate(
                json.dumps(document),
                input_file_type=InputFileType.OpenAPI,
                output_model_type=DataModelType.PydanticV2BaseModel,
                target_python_version=PythonVersion.PY_311,
                use_annotated=True,
                field_constraints=True,
                use_union_operator=True,
                use_standard_collections=True,
                enum_field_as_literal=LiteralType.All,
                strict_types=[StrictTypes.int, StrictTypes.float, StrictTypes.bool],
                use_missing_sentinel=True,
                use_type_alias=True,
                strict_nullable=True,
                skip_root_model=True,
                use_double_quotes=True,
                disable_timestamp=True,
                custom_file_header=header,
                formatters=[],
            )
        except UserWarning as warning:
            raise UnmodelledError(str(warning)) from warning
    if not isinstance(source, str):
        raise TypeError("datamodel-code-generator did not answer with one module")
    # datamodel-code-generator still imports the sentinel from where Pydantic 2.12 had it, which warns since 2.14.
    return source.replace(_OLD_SENTINEL, "from pydantic import ", 1)
