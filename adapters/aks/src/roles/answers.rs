//! The answers of ARM to a role assignment that are no failures, and what is done about each.

use kompox_arm::ArmError;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The right is there, under another name: as good.
    There,
    /// Entra ID has not heard of the identity yet, which takes up to some minutes: asked again.
    Again,
    /// The scope itself is not there.
    NoScope,
}

/// By code. A code stands for itself: of the conflicts only `RoleAssignmentExists` is a success.
const TABLE: &[(&str, Answer)] = &[
    ("RoleAssignmentExists", Answer::There),
    ("PrincipalNotFound", Answer::Again),
    ("ResourceGroupNotFound", Answer::NoScope),
    ("ResourceNotFound", Answer::NoScope),
    ("ParentResourceNotFound", Answer::NoScope),
    ("SubscriptionNotFound", Answer::NoScope),
];

/// What is done about an error of ARM; none where the assignment cannot be made: then the advice is that of its code.
pub(crate) fn answer(error: &ArmError) -> Option<Answer> {
    let code = error.code()?;
    let known = TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    known.map(|(_, answer)| *answer)
}

#[cfg(test)]
mod tests {
    use kompox_arm::ServiceError;

    use super::*;
    use crate::advice::of_role_assignment;

    fn of(status: u16, code: &str) -> Option<Answer> {
        answer(&ArmError::Service(Box::new(ServiceError {
            status,
            code: code.to_owned(),
            ..ServiceError::default()
        })))
    }

    #[test]
    fn b22_only_one_conflict_is_a_success_and_a_lock_is_none() {
        assert_eq!(of(409, "RoleAssignmentExists"), Some(Answer::There));
        assert_eq!(of(409, "ScopeLocked"), None);
        for other in ["Conflict", "AnotherOperationInProgress", ""] {
            assert_ne!(of(409, other), Some(Answer::There), "{other}");
        }
    }

    #[test]
    fn b23_an_identity_that_is_not_known_yet_is_waited_for() {
        assert_eq!(of(400, "PrincipalNotFound"), Some(Answer::Again));
    }

    #[test]
    fn whoever_may_not_give_rights_is_told_what_it_takes() {
        let advice = |status, code: &str| {
            let error = ArmError::Service(Box::new(ServiceError {
                status,
                code: code.to_owned(),
                ..ServiceError::default()
            }));
            assert_eq!(answer(&error), None, "{code}");
            of_role_assignment(error).hints().to_vec()
        };
        for code in [
            "AuthorizationFailed",
            "LinkedAuthorizationFailed",
            "authorizationfailed",
        ] {
            let hints = advice(403, code);
            assert!(
                format!("{hints:?}").contains("roleAssignments/write"),
                "{hints:?}"
            );
        }
        assert!(!advice(409, "ScopeLocked").is_empty());
    }

    /// `UPDATE_ROLES=1` writes it anew, to be read before it is kept.
    #[test]
    fn the_table_in_the_design_is_the_one_that_is_used() {
        use std::fmt::Write as _;

        const BEGIN: &str = "<!-- generated: answers -->\n";
        const END: &str = "<!-- end of answers -->";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../design/roles.md");
        let text = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = text.split_once(BEGIN).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let mut table = "| Code | What is done |\n|---|---|\n".to_owned();
        for (code, answer) in TABLE {
            let done = match answer {
                Answer::There => "success: the same right is there under another name".to_owned(),
                Answer::Again => {
                    "asked again, for five minutes or half of what is left, whichever is less".to_owned()
                }
                Answer::NoScope => {
                    "an error that names the setting; for the group of an app: nothing yet".to_owned()
                }
            };
            writeln!(table, "| `{code}` | {done} |").unwrap();
        }
        let wanted = format!("{before}{BEGIN}{table}{END}{after}");
        if std::env::var_os("UPDATE_ROLES").is_some() {
            std::fs::write(&file, &wanted).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), wanted);
    }

    #[test]
    fn no_code_stands_in_the_table_twice() {
        for (index, (code, _)) in TABLE.iter().enumerate() {
            let again = TABLE.iter().skip(index + 1).any(|(other, _)| other == code);
            assert!(!again, "{code}");
        }
    }
}
