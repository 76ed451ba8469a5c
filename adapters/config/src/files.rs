//! Finding files and reading them: each once, in a fixed order, and never more than the bounds allow.

use kompox_domain::{Argument, Hint};
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use kompox_files::Unusable;
use walkdir::{DirEntry, WalkDir};

use kompox_yaml::Mark;

use crate::error::{Fault, Faults, Place};
use crate::limits::{DIRECTORY_DEPTH, ENTRIES, FILE_BYTES, FILES, TOTAL_BYTES};

/// Directories that hold no configuration, however deep they lie.
const SKIPPED: [&str; 16] = [
    ".git",
    ".github",
    ".hg",
    ".svn",
    ".jj",
    ".direnv",
    ".venv",
    ".terraform",
    ".cache",
    "__pycache__",
    "node_modules",
    "vendor",
    "venv",
    "dist",
    "build",
    "target",
];

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As it was reached.
    pub(crate) path: PathBuf,
    /// As errors show it.
    pub(crate) shown: PathBuf,
    /// With links resolved.
    pub(crate) real: PathBuf,
}

/// The files of a load.
pub(crate) struct Files {
    current_dir: PathBuf,
    /// Files and linked directories that were reached already, links resolved.
    seen: HashSet<PathBuf>,
    found: Vec<Found>,
    /// The paths that were named in files, as `komPath`.
    named_in_files: Vec<PathBuf>,
    bytes: u64,
    entries: usize,
}

/// Where a path was named, and where it may lead.
pub(crate) struct Origin<'a> {
    /// The place in a file that names it; absent for a flag, a variable or the default.
    pub(crate) place: Option<&'a Place>,
    /// Who named it, for example `--kom-path`.
    pub(crate) by: &'a str,
    /// The directories it may not leave, links resolved; empty where it may lead anywhere.
    pub(crate) within: &'a [PathBuf],
    /// Whether it must be a file.
    pub(crate) file: bool,
}

impl<'a> Origin<'a> {
    /// A path that may lead anywhere.
    pub(crate) const fn new(by: &'a str) -> Self {
        Self {
            place: None,
            by,
            within: &[],
            file: false,
        }
    }

    /// A file that may lie anywhere.
    pub(crate) const fn file(by: &'a str) -> Self {
        Self {
            file: true,
            ..Self::new(by)
        }
    }
}

impl Files {
    pub(crate) fn new(current_dir: &Path) -> Self {
        Self {
            current_dir: current_dir.to_owned(),
            seen: HashSet::new(),
            found: Vec::new(),
            named_in_files: Vec::new(),
            bytes: 0,
            entries: 0,
        }
    }

    /// The files found so far.
    pub(crate) fn found(&self) -> &[Found] {
        &self.found
    }

    /// The paths that were named in files.
    pub(crate) fn named_in_files(&self) -> &[PathBuf] {
        &self.named_in_files
    }

    /// Leaves out the files that were found after the first so many.
    pub(crate) fn forget_from(&mut self, count: usize) {
        self.found.truncate(count);
    }

    /// A path as errors show it: relative to the current directory where it lies below.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.current_dir) {
            Ok(relative) if !relative.as_os_str().is_empty() => relative.to_owned(),
            _ => path.to_owned(),
        }
    }

    /// Keeps a file from being found in a directory.
    pub(crate) fn leave_out(&mut self, path: &Path) {
        self.seen.extend(fs::canonicalize(path));
    }

    /// Adds a file, or every YAML file below a directory.
    pub(crate) fn add(&mut self, path: &Path, origin: &Origin<'_>, faults: &mut Faults) {
        let shown = self.shown(path);
        if origin.place.is_some() {
            self.named_in_files.push(path.to_owned());
        }
        let (real, metadata) = match resolve(path) {
            Ok(resolved) => resolved,
            Err(error) => {
                let message = format!(
                    "{} names {}, which {}",
                    origin.by,
                    shown.display(),
                    error.in_full()
                );
                let mut fault = Fault::new(message);
                if shown.to_string_lossy().contains("$KOMPOX_") {
                    fault = fault.hint("variables are not expanded here: write a relative path");
                }
                return faults.push(origin.place, fault);
            }
        };
        if !origin.allows(&real) {
            return faults.push(origin.place, origin.outside(&real));
        }
        if metadata.is_dir() && origin.file {
            let message = format!("{} names {}, which is a directory", origin.by, shown.display());
            faults.push(origin.place, Fault::new(message));
        } else if metadata.is_dir() {
            self.walk(path, origin, faults);
        } else {
            self.add_file(path, real, &metadata, faults);
        }
    }

    fn walk(&mut self, directory: &Path, origin: &Origin<'_>, faults: &mut Faults) {
        let mut walk = WalkDir::new(directory)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter();
        while let Some(step) = walk.next() {
            self.entries += 1;
            if self.entries > ENTRIES {
                let message = format!(
                    "more than {ENTRIES} files and directories below {}",
                    self.shown(directory).display()
                );
                return faults.push(origin.place, Fault::new(message).hint("name a smaller directory"));
            }
            let entry = match step {
                Ok(entry) => entry,
                Err(error) => {
                    self.walk_error(error, directory, faults);
                    continue;
                }
            };
            if entry.file_type().is_dir() {
                if self.skips(&entry, faults) {
                    walk.skip_current_dir();
                }
            } else if is_yaml(entry.path()) {
                self.add_entry(&entry, origin, faults);
            }
            if faults.is_full() {
                return;
            }
        }
    }

    fn walk_error(&self, error: walkdir::Error, directory: &Path, faults: &mut Faults) {
        let path = error.path().unwrap_or(directory).to_owned();
        if is_lock(&path) {
            return;
        }
        let ancestor = error.loop_ancestor().map(|ancestor| self.shown(ancestor));
        let fault = match (ancestor, error.into_io_error()) {
            (Some(ancestor), _) => Fault::new(format!(
                "this link leads back to {}, which is a loop",
                ancestor.display()
            )),
            (None, Some(error)) => this(&Unusable::at(&path, error)),
            (None, None) => Fault::new("this cannot be read"),
        };
        faults.push(Some(&Place::file(&self.shown(&path))), fault);
    }

    /// Whether a directory below a named one is left out.
    fn skips(&mut self, entry: &DirEntry, faults: &mut Faults) -> bool {
        if entry.depth() > 0 && SKIPPED.iter().any(|name| entry.file_name() == *name) {
            return true;
        }
        if entry.depth() > DIRECTORY_DEPTH {
            let fault = Fault::new(format!("directories are nested more than {DIRECTORY_DEPTH} deep"));
            faults.push(Some(&Place::file(&self.shown(entry.path()))), fault);
            return true;
        }
        // Several links may lead to one directory, and from there on.
        entry.path_is_symlink() && fs::canonicalize(entry.path()).is_ok_and(|real| !self.seen.insert(real))
    }

    fn add_entry(&mut self, entry: &DirEntry, origin: &Origin<'_>, faults: &mut Faults) {
        let shown = self.shown(entry.path());
        match resolve(entry.path()) {
            Ok((real, _)) if !origin.allows(&real) => {
                faults.push(Some(&Place::file(&shown)), origin.outside(&real));
            }
            Ok((real, metadata)) => self.add_file(entry.path(), real, &metadata, faults),
            Err(error) => faults.push(Some(&Place::file(&shown)), this(&error)),
        }
    }

    fn add_file(&mut self, path: &Path, real: PathBuf, metadata: &Metadata, faults: &mut Faults) {
        if !self.seen.insert(real.clone()) {
            return;
        }
        let shown = self.shown(path);
        let fault = if let Err(error) = kompox_files::check(metadata, FILE_BYTES) {
            Some(this(&error))
        } else if self.bytes + metadata.len() > TOTAL_BYTES {
            let mib = TOTAL_BYTES >> 20;
            Some(Fault::new(format!(
                "with this file the configuration has more than {mib} MiB"
            )))
        } else if self.found.len() >= FILES {
            Some(Fault::new(format!(
                "with this file the configuration has more than {FILES} files"
            )))
        } else {
            None
        };
        if let Some(fault) = fault {
            return faults.push(Some(&Place::file(&shown)), fault);
        }
        self.bytes += metadata.len();
        self.found.push(Found {
            path: path.to_owned(),
            shown,
            real,
        });
    }
}

impl Origin<'_> {
    fn allows(&self, real: &Path) -> bool {
        self.within.is_empty() || self.within.iter().any(|directory| real.starts_with(directory))
    }

    fn outside(&self, real: &Path) -> Fault {
        let within: Vec<String> = self
            .within
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Fault::new(format!(
            "{} leads to {}, which lies outside of {}",
            self.by,
            real.display(),
            within.join(" and ")
        ))
        .hint(Hint::argument("if it is meant, name it", Argument::KomPath(None)))
    }
}

fn resolve(path: &Path) -> Result<(PathBuf, Metadata), Unusable> {
    let failed = |error| Unusable::at(path, error);
    let real = fs::canonicalize(path).map_err(failed)?;
    let metadata = fs::metadata(&real).map_err(failed)?;
    Ok((real, metadata))
}

fn is_yaml(path: &Path) -> bool {
    let extension = path.extension();
    extension.is_some_and(|extension| extension == "yml" || extension == "yaml") && !is_lock(path)
}

/// The link to nowhere that an editor puts beside a file it has open.
fn is_lock(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy());
    name.is_some_and(|name| name.starts_with(".#"))
}

/// What is wrong with a file, of which the place tells the name.
fn this(error: &Unusable) -> Fault {
    let fault = Fault::new(format!("this {}", error.in_full()));
    match error {
        Unusable::Utf16 => fault.hint("save it as UTF-8"),
        _ => fault,
    }
}

/// Whether there is anything by this name. What cannot be looked at is there: passing over it would use another
/// configuration than the one that is meant.
pub(crate) fn is_present(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Reads a file as text, without a byte order mark. It may have changed since it was found.
pub(crate) fn read(found: &Found) -> Result<String, (Place, Fault)> {
    let place = Place::file(&found.shown);
    let bytes = match kompox_files::read(&found.real, FILE_BYTES) {
        Ok(bytes) if kompox_files::is_utf16(&bytes) => return Err((place, this(&Unusable::Utf16))),
        Ok(bytes) => bytes,
        Err(error) => return Err((place, this(&error))),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(kompox_files::without_bom(&text).to_owned()),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let before = String::from_utf8_lossy(bytes.get(..valid).unwrap_or_default());
            let fault = Fault::new("this byte is not UTF-8").hint("save the file as UTF-8");
            Err((end_of(&before, place), fault))
        }
    }
}

/// The place behind a text.
fn end_of(text: &str, mut place: Place) -> Place {
    let (done, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let line = text.matches('\n').count() + 1;
    let column = last.chars().count() + 1;
    place.mark = Mark { line, column };
    let mut content = false;
    for line in done.lines() {
        let separator = line == "---" || line.starts_with("--- ");
        if separator && content {
            place.document += 1;
        }
        content |= separator || !(line.trim().is_empty() || line.starts_with('#'));
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_byte_counts_lines_columns_and_documents() {
        let start = || Place::file(Path::new("a.yml"));
        let at = |text| {
            let place = end_of(text, start());
            (place.document, place.mark.line, place.mark.column)
        };
        assert_eq!(at(""), (1, 1, 1));
        assert_eq!(at("# x\n---\na: ä"), (1, 3, 5));
        assert_eq!(at("a: 1\n---\nb: 2\n---\n"), (3, 5, 1));
    }
}
