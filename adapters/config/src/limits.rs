//! How large a configuration may be, so that no input costs more than a moment.

/// The largest file, in bytes.
pub(crate) const FILE_BYTES: u64 = 4 << 20;
/// All files of a load together, in bytes.
pub(crate) const TOTAL_BYTES: u64 = 32 << 20;
/// The number of files of a load.
pub(crate) const FILES: usize = 5_000;
/// The number of directory entries that are looked at.
pub(crate) const ENTRIES: usize = 100_000;
/// How deep directories are searched below a named one.
pub(crate) const DIRECTORY_DEPTH: usize = 32;
/// How deep lists and mappings are nested.
pub(crate) const YAML_DEPTH: usize = 64;
/// The number of values of a load.
pub(crate) const VALUES: usize = 500_000;
/// What aliases may add to the documents of a load, in bytes.
pub(crate) const ALIAS_BYTES: usize = 8 << 20;

/// What of the limits on values is left in a load.
#[derive(Debug)]
pub(crate) struct Budget {
    values: usize,
    alias_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            values: VALUES,
            alias_bytes: ALIAS_BYTES,
        }
    }
}

impl Budget {
    /// Counts one value; false when there was none left.
    #[must_use]
    pub(crate) fn take_value(&mut self) -> bool {
        take(&mut self.values, 1)
    }

    /// Counts what an alias adds; false when it is too much.
    #[must_use]
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
