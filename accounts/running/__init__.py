"""What the programme costs and brings: budget, return, and the questions it has to answer."""
