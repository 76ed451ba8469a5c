//! Breaks an operation at each of its requests.
