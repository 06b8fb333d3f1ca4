"""The press: YAML manifests in; typed tool modules, models, schemas, documents and locks out."""
