//! Every answer of ARM to a role assignment, and what is done about it: one table.

use kompox_arm::ArmError;
use kompox_domain::Hint;
use kompox_domain::hint::Means;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The right is there, under another name: as good.
    There,
    /// Entra ID has not heard of the identity yet, which takes up to some minutes: asked again.
    Again,
    /// The scope itself is not there.
    NoScope,
    /// The right cannot be given, and what helps.
    Refused(&'static [Hint]),
}

/// By code; by status where there is no word about the code. The first that fits is meant. A code stands for
/// itself: of the conflicts only `RoleAssignmentExists` is a success.
const TABLE: &[(&str, Answer)] = &[
    ("RoleAssignmentExists", Answer::There),
    ("PrincipalNotFound", Answer::Again),
    ("ResourceGroupNotFound", Answer::NoScope),
    ("ResourceNotFound", Answer::NoScope),
    ("ParentResourceNotFound", Answer::NoScope),
    ("SubscriptionNotFound", Answer::NoScope),
    (
        "ScopeLocked",
        Answer::Refused(&[Hint::fixed(
            "a ReadOnly lock forbids it: remove the lock, run it again, and set the lock again",
            None,
        )]),
    ),
    (
        "RoleAssignmentUpdateNotPermitted",
        Answer::Refused(&[Hint::fixed(
            "an assignment of that name stands for something else: delete it",
            Some(Means::foreign("az role assignment delete --ids <the id above>")),
        )]),
    ),
    (
        "RoleAssignmentLimitExceeded",
        Answer::Refused(&[Hint::fixed(
            "the subscription has no room for more role assignments: delete those that nobody needs",
            None,
        )]),
    ),
    (
        "RoleDefinitionDoesNotExist",
        Answer::Refused(&[Hint::fixed(
            "this cloud does not have that built-in role: give the identity the right in another way",
            None,
        )]),
    ),
    (
        "RequestDisallowedByPolicy",
        Answer::Refused(&[Hint::fixed(
            "an Azure Policy forbids it: ask whoever set it for an exemption",
            None,
        )]),
    ),
    (
        "AuthorizationFailed",
        Answer::Refused(&[Hint::fixed(
            "giving rights needs Microsoft.Authorization/roleAssignments/write there: Role Based Access Control \
             Administrator or User Access Administrator; or ask who has it to make this assignment",
            None,
        )]),
    ),
    (
        "LinkedAuthorizationFailed",
        Answer::Refused(&[Hint::fixed("sign in as somebody who may give rights there", None)]),
    ),
];

/// What is done about a refusal whose code is not known.
const FORBIDDEN: Answer = Answer::Refused(&[Hint::fixed(
    "ask whoever may give rights there to make this assignment",
    None,
)]);

/// What is done about an error of ARM; none for one that says nothing about the assignment itself, such as that ARM
/// cannot be reached.
pub(crate) fn answer(error: &ArmError) -> Option<Answer> {
    let code = error.code()?;
    let known = TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
    known.map(|(_, answer)| *answer).or_else(|| match error.status() {
        Some(403) => Some(FORBIDDEN),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use kompox_arm::ServiceError;

    use super::*;

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
        assert!(matches!(of(409, "ScopeLocked"), Some(Answer::Refused(_))));
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
        for (status, code) in [(403, "AuthorizationFailed"), (403, "SomethingNew")] {
            assert!(matches!(of(status, code), Some(Answer::Refused(_))), "{code}");
        }
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
                Answer::Refused(hints) => {
                    let hints = hints.iter().map(|hint| match &hint.means {
                        Some(Means::Foreign(line)) => format!("{}: `{line}`", hint.text),
                        _ => hint.text.to_string(),
                    });
                    format!("an error: {}", hints.collect::<Vec<_>>().join("; "))
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
