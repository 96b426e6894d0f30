"""A made-up quarter of a small company as Stripe would export it, and the scripts that write such exports."""
