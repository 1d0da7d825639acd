"""The three calls that are compared, as an application of Django and Django REST framework has them."""
