//! Whether an operation is carried out or only planned.

/// Whether an operation that writes is carried out, or only tells what it would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// It only reads, and answers with what it would do.
    Plan,
    /// It is carried out, and answers with what was done.
    Apply,
}
