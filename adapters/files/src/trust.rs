//! Whether somebody else could have written a file that nobody named: then it is not ours to follow.
//!
//! git decides so about the owner of a repository (`safe.directory`), Ansible about an `ansible.cfg` in a directory that
//! everybody may write.

use std::io;
use std::path::{Path, PathBuf};

use crate::os;
pub use crate::os::Access;

/// The one who may do anything anyway.
const ROOT: u32 = 0;

/// Whose files are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trusted {
    /// Who this process runs as.
    me: u32,
    /// Who asked root to run it.
    asked_by: Option<u32>,
}

impl Trusted {
    /// Whoever runs this process and, where that is root, whoever asked for it by `SUDO_UID`.
    #[must_use]
    pub fn of_this_process(sudo_uid: Option<&str>) -> Self {
        Self::new(os::user(), sudo_uid)
    }

    /// The same of a process of that user.
    #[must_use]
    pub fn new(me: u32, sudo_uid: Option<&str>) -> Self {
        // Anybody else could set the variable, and would only open their own door.
        let asked_by = sudo_uid.filter(|_| me == ROOT).and_then(|uid| uid.parse().ok());
        Self { me, asked_by }
    }

    fn includes(self, owner: u32) -> bool {
        owner == self.me || owner == ROOT || Some(owner) == self.asked_by
    }
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is read, or a directory of it.
    Itself,
    /// A link to it. What its mode says has no meaning.
    Link,
    /// The directory that it lies in, in which it could be exchanged.
    Around,
}

/// Who else could have written it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stranger {
    /// The user with this id, whose it is.
    Owner(u32),
    /// Everybody.
    Everybody,
}

/// Who else could have written something, if anybody.
///
/// A group is no stranger: many systems give each user one of their own, with write access.
#[must_use]
pub fn stranger(trusted: Trusted, part: Part, access: Access) -> Option<Stranger> {
    if !trusted.includes(access.owner) {
        return Some(Stranger::Owner(access.owner));
    }
    let writable = match part {
        Part::Link => false,
        Part::Itself => access.everybody,
        // Where only the owner may move a file, others can put none in its place.
        Part::Around => access.everybody && !access.sticky,
    };
    writable.then_some(Stranger::Everybody)
}

/// Looks who else could have written what a path leads to: a link, what it leads to, and the directory around. None
/// where nobody could, and where the system has no such owners and modes.
///
/// # Errors
/// Whatever keeps it from being looked at.
pub fn examine(path: &Path, trusted: Trusted) -> io::Result<Option<(PathBuf, Stranger)>> {
    let around = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    // From the outside to the inside: what was looked at can then not be exchanged any more.
    let parts = [
        around.map(|around| (Part::Around, around)),
        path.is_symlink().then_some((Part::Link, path)),
        Some((Part::Itself, path)),
    ];
    for (part, path) in parts.into_iter().flatten() {
        let metadata = match part {
            Part::Link => std::fs::symlink_metadata(path)?,
            _ => std::fs::metadata(path)?,
        };
        let found = os::access(&metadata).and_then(|access| stranger(trusted, part, access));
        if let Some(found) = found {
            return Ok(Some((path.to_owned(), found)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ME: u32 = 1000;
    const OTHER: u32 = 1001;

    #[test]
    fn mine_and_roots_are_trusted_and_as_root_that_of_who_asked() {
        for (me, sudo, owner, refused) in [
            (ME, None, ME, false),
            (ME, None, ROOT, false),
            (ME, None, OTHER, true),
            (ME, Some("1001"), OTHER, true),
            (ROOT, None, ROOT, false),
            (ROOT, None, ME, true),
            (ROOT, Some("1000"), ME, false),
            (ROOT, Some("1000"), OTHER, true),
            (ROOT, Some("1000x"), ME, true),
            (ROOT, Some(""), ME, true),
        ] {
            let access = Access {
                owner,
                everybody: false,
                sticky: false,
            };
            for part in [Part::Itself, Part::Link, Part::Around] {
                let found = stranger(Trusted::new(me, sudo), part, access);
                assert_eq!(
                    found,
                    refused.then_some(Stranger::Owner(owner)),
                    "{me} {sudo:?} {owner} {part:?}"
                );
            }
        }
    }

    #[test]
    fn what_everybody_may_write_is_refused_except_a_link_and_a_sticky_directory_around() {
        for (part, sticky, refused) in [
            (Part::Itself, false, true),
            // Others may add to it.
            (Part::Itself, true, true),
            (Part::Around, false, true),
            (Part::Around, true, false),
            (Part::Link, false, false),
        ] {
            let access = Access {
                owner: ME,
                everybody: true,
                sticky,
            };
            let found = stranger(Trusted::new(ME, None), part, access);
            assert_eq!(found, refused.then_some(Stranger::Everybody), "{part:?} {sticky}");
        }
    }

    proptest! {
        /// Whatever else is so, a stranger's is never followed, and taking write access away never hurts.
        #[test]
        fn a_stranger_is_never_trusted_and_less_access_is_never_worse(
            me in 0..4_u32,
            owner in 0..4_u32,
            sudo in prop::option::of(0..4_u32),
            everybody in any::<bool>(),
            sticky in any::<bool>(),
            part in prop::sample::select(vec![Part::Itself, Part::Link, Part::Around]),
        ) {
            let trusted = Trusted::new(me, sudo.map(|uid| uid.to_string()).as_deref());
            let found = stranger(trusted, part, Access { owner, everybody, sticky });
            let known = owner == me || owner == ROOT || (me == ROOT && sudo == Some(owner));
            prop_assert_eq!(found == Some(Stranger::Owner(owner)), !known);
            let closed = stranger(trusted, part, Access { owner, everybody: false, sticky });
            prop_assert!(closed.is_none() || closed == found);
        }
    }
}
