//! How large what is read may be, so that no input costs more than a moment.

/// The bounds of what is read. The length of a text is its reader's to bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How deep lists and mappings are nested, aliases spelled out.
    pub depth: usize,
    /// How many values there are. An alias is one, whatever it stands for.
    pub values: usize,
    /// What aliases may add, in bytes: 64 for each value and each key of what they stand for, and the text of these.
    pub alias_bytes: usize,
}

/// What of the bounds is left, for one text or for several that count together.
#[derive(Debug)]
pub struct Budget {
    bounds: Bounds,
    values: usize,
    alias_bytes: usize,
}

impl Budget {
    /// All of it.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            values: bounds.values,
            alias_bytes: bounds.alias_bytes,
        }
    }

    /// The bounds as a whole.
    #[must_use]
    pub const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Counts one value; false when there was none left.
    pub(crate) fn take_value(&mut self) -> bool {
        take(&mut self.values, 1)
    }

    /// Counts what an alias adds; false when it is too much.
    pub(crate) fn take_alias(&mut self, bytes: usize) -> bool {
        take(&mut self.alias_bytes, bytes)
    }
}

fn take(left: &mut usize, amount: usize) -> bool {
    match left.checked_sub(amount) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
