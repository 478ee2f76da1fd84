"""What the product does, one verb a function. Web views, tasks and commands each call one of these."""
