"""The background process: how it is installed, and how it names its supervisor that it is well."""
