"""Networks: layers, losses, penalties, optimizers, and one step of training."""
