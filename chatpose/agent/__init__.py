"""A conversation about poses: what there is in it, the loop of model, tools and answers, and what is said."""
