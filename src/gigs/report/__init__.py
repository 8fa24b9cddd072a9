"""Reports: one result as JSON, pictures, a contact sheet and a page."""
