//! The cases, by what they are about. The name of each says what it proves.

mod assignment;
mod cancellation;
mod concurrency;
mod deadlines;
mod declaration;
mod deletion;
mod disks;
mod isolation;
mod operations;
mod outcomes;
mod restore;
mod snapshots;

use crate::case::Case;

/// Every case, in the order in which they run.
pub(crate) fn all() -> impl Iterator<Item = Case> {
    [
        declaration::CASES,
        disks::CASES,
        assignment::CASES,
        deletion::CASES,
        snapshots::CASES,
        restore::CASES,
        isolation::CASES,
        concurrency::CASES,
        cancellation::CASES,
        deadlines::CASES,
        outcomes::CASES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kompox_domain::{Ability, Operation};

    use super::*;

    #[test]
    fn names_are_unique_and_every_operation_on_volumes_has_cases() {
        let names: Vec<&str> = all().map(|case| case.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for operation in Operation::of(Ability::Volumes) {
            let count = all().filter(|case| case.operations.contains(&operation)).count();
            assert!(count > 1, "{operation} has {count} cases");
        }
        assert!(
            all()
                .flat_map(|case| case.operations)
                .all(|operation| Operation::ALL.contains(operation))
        );
    }
}
