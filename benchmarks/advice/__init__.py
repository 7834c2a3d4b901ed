"""Does following the advice of a verdict help? What each action gains, tried and then done."""
