"""What protects visitors: redaction and anonymising."""
