//! ARM ids: parsed once, compared without case, written as their author wrote them.

use std::fmt;

/// The id of a subscription, a resource group, or a resource at any scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResourceId {
    pub(crate) subscription: String,
    pub(crate) group: Option<String>,
    /// `/providers/Namespace/type/name…`, the outermost first; extension resources have several.
    pub(crate) providers: Vec<Provider>,
}

/// One `/providers/…` part of an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Provider {
    pub(crate) namespace: String,
    /// Types and names, in turn.
    pub(crate) types: Vec<(String, String)>,
}

impl ResourceId {
    /// Reads an id; `None` for anything that is not one.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let segments: Vec<&str> = id.strip_prefix('/')?.split('/').collect();
        Self::from_segments(&segments)
    }

    /// Reads an id from the (decoded) segments of a path.
    pub(crate) fn from_segments<S: AsRef<str>>(segments: &[S]) -> Option<Self> {
        let mut rest = segments.iter().map(AsRef::as_ref).peekable();
        if segments.iter().any(|segment| segment.as_ref().is_empty()) {
            return None;
        }
        if !rest.next()?.eq_ignore_ascii_case("subscriptions") {
            return None;
        }
        let subscription = rest.next()?.to_owned();
        let group = if rest
            .next_if(|segment| segment.eq_ignore_ascii_case("resourceGroups"))
            .is_some()
        {
            Some(rest.next()?.to_owned())
        } else {
            None
        };
        let mut providers = Vec::new();
        while let Some(segment) = rest.next() {
            if !segment.eq_ignore_ascii_case("providers") {
                return None;
            }
            let namespace = rest.next()?.to_owned();
            let mut types = Vec::new();
            while let Some(kind) = rest.next_if(|segment| !segment.eq_ignore_ascii_case("providers")) {
                types.push((kind.to_owned(), rest.next()?.to_owned()));
            }
            if types.is_empty() {
                return None;
            }
            providers.push(Provider { namespace, types });
        }
        Some(Self {
            subscription,
            group,
            providers,
        })
    }

    /// The id of a subscription.
    pub(crate) fn of_subscription(subscription: &str) -> Self {
        Self {
            subscription: subscription.to_owned(),
            group: None,
            providers: Vec::new(),
        }
    }

    /// The form that ids are compared and stored by.
    pub(crate) fn key(&self) -> String {
        self.to_string().to_lowercase()
    }

    /// The last name: of the resource, the group or the subscription.
    pub(crate) fn name(&self) -> &str {
        self.providers
            .last()
            .and_then(|provider| provider.types.last())
            .map(|(_, name)| name)
            .or(self.group.as_ref())
            .unwrap_or(&self.subscription)
    }

    /// `Namespace/type/subtype`, as written.
    pub(crate) fn kind(&self) -> String {
        match self.providers.last() {
            Some(provider) => {
                let mut kind = provider.namespace.clone();
                for (segment, _) in &provider.types {
                    kind.push('/');
                    kind.push_str(segment);
                }
                kind
            }
            None if self.group.is_some() => "Microsoft.Resources/resourceGroups".to_owned(),
            None => "Microsoft.Resources/subscriptions".to_owned(),
        }
    }

    /// The group's own id.
    pub(crate) fn group_id(&self) -> Option<Self> {
        self.group.as_ref().map(|_| Self {
            providers: Vec::new(),
            ..self.clone()
        })
    }

    /// The resource above a nested one (`managedClusters/c` above `managedClusters/c/agentPools/p`).
    pub(crate) fn parent(&self) -> Option<Self> {
        let mut parent = self.clone();
        let provider = parent.providers.last_mut()?;
        if provider.types.len() < 2 {
            return None;
        }
        provider.types.pop();
        Some(parent)
    }

    /// What is next above: the parent of a nested resource, what an extension hangs on, the group, the subscription.
    pub(crate) fn above(&self) -> Option<Self> {
        if let Some(parent) = self.parent() {
            return Some(parent);
        }
        let mut above = self.clone();
        if above.providers.pop().is_some() || above.group.take().is_some() {
            return Some(above);
        }
        None
    }

    /// This id with another `/providers/…` part.
    pub(crate) fn extended(&self, namespace: &str, kind: &str, name: &str) -> Self {
        let mut id = self.clone();
        id.providers.push(Provider {
            namespace: namespace.to_owned(),
            types: vec![(kind.to_owned(), name.to_owned())],
        });
        id
    }

    /// Gives namespace and types the casing they are registered with; names stay as their author wrote them.
    pub(crate) fn with_canonical_kind(mut self, kind: &str) -> Self {
        let mut segments = kind.split('/');
        if let Some(provider) = self.providers.last_mut() {
            if let Some(namespace) = segments.next() {
                namespace.clone_into(&mut provider.namespace);
            }
            for ((written, _), canonical) in provider.types.iter_mut().zip(segments) {
                canonical.clone_into(written);
            }
        }
        self
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/subscriptions/{}", self.subscription)?;
        if let Some(group) = &self.group {
            write!(f, "/resourceGroups/{group}")?;
        }
        for provider in &self.providers {
            write!(f, "/providers/{}", provider.namespace)?;
            for (kind, name) in &provider.types {
                write!(f, "/{kind}/{name}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_keeps_its_casing_and_has_a_key_without() {
        let id = ResourceId::parse("/Subscriptions/S/resourcegroups/Rg/providers/Microsoft.Compute/disks/D")
            .unwrap();
        assert_eq!(
            id.to_string(),
            "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Compute/disks/D"
        );
        assert_eq!(
            id.key(),
            "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/disks/d"
        );
        assert_eq!(id.kind(), "Microsoft.Compute/disks");
        assert_eq!(id.group_id().unwrap().key(), "/subscriptions/s/resourcegroups/rg");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "/",
            "x",
            "/subscriptions",
            "/subscriptions/",
            "/subscriptions/s/resourceGroups",
            "/subscriptions//x",
            "/subscriptions/s/providers/N",
            "/subscriptions/s/providers/N/t",
            "/subscriptions/s/disks/d",
        ] {
            assert_eq!(ResourceId::parse(text), None, "{text}");
        }
    }
}
