"""What happens in an account of the stand-in for Stripe, one subject a module."""
