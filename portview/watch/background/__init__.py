"""The background process: how it is installed, and how it tells its supervisor that it is well."""
