"""What is measured; a module for each table of rows, with `async def rows(field, options)`."""
