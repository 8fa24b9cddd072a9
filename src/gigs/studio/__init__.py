"""The web page for sellers (`gigs studio`): what it does is kept apart from how it looks, and from Gradio."""
