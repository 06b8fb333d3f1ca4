"""The zihin catalogue as its users meet it: over real servers, and against its product page."""
