"""What is invoked or scheduled and never reached by HTTP; `app.py` gives each function its name."""
