"""`yckeys`: what those look at who answer for the keys. It reads stacks and cloud, and changes nothing but the stack file, where asked to."""
