//! What only the text of an API server tells: the one table of the texts that anything is decided by.

/// How a 403 of a rule differs from one of authorization, which has the same code and reason. Webhooks and admission
/// policies say that they denied the request (`apiserver/pkg/admission/plugin/webhook/errors/statuserror.go`,
/// `.../policy/validating/dispatcher.go`), quotas that they are exceeded (`.../resourcequota/controller.go`).
const RULES: [&str; 3] = [" denied the request", " denied request:", "exceeded quota:"];

/// Whether a message of a 403 tells of a rule of the cluster. What it quotes, such as names, does not count.
pub(super) fn is_a_rule(message: &str) -> bool {
    let own: String = message.split('"').step_by(2).collect();
    // Authorization says who may not do what, and quotes them.
    !own.contains(" is forbidden: User ") && RULES.iter().any(|phrase| own.contains(phrase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_by_its_words_and_by_no_name() {
        for rule in [
            r#"admission webhook "validation.gatekeeper.sh" denied the request: [psp] no"#,
            r#"pods "x" is forbidden: ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no"#,
            r#"pods "x" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4"#,
        ] {
            assert!(is_a_rule(rule), "{rule}");
        }
        for other in [
            r#"pods is forbidden: User "he denied the request" cannot list resource "pods" in API group """#,
            r#"pods "x exceeded quota: y" is forbidden: not by a rule"#,
            r#"namespaces "denied" is forbidden: User "me" cannot get resource "namespaces": denied request: x"#,
            "forbidden",
        ] {
            assert!(!is_a_rule(other), "{other}");
        }
    }
}
