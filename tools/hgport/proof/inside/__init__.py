"""What runs inside the releases under test, in their interpreters; nothing here is imported by
hgport itself."""
