//! How large a configuration may be, so that no input costs more than a moment.

use kompox_yaml::Bounds;

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
/// The values of all documents of a load together, and what aliases may add to them.
pub(crate) const YAML: Bounds = Bounds {
    depth: 64,
    values: 500_000,
    alias_bytes: 8 << 20,
};
