//! Runs the program as a user would, in an environment of its own.
