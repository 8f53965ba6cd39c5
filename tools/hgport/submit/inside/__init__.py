"""What programs of others start; nothing here is imported by hgport itself."""
