//! What a request asks for: the object or list that its path names, the verb, the options, the body.

use http::Method;
use kompox_emulator_core::json::timestamp_seconds;
use kompox_emulator_core::request::Request;
use kompox_emulator_core::store::Documents;
use serde_json::Value;

use super::crds;
use super::kinds::{KindRef, Verb};
use super::objects::Scope;
use super::protobuf;
use super::ssa::{Operation, Writer};
use super::status::{Answer, Problem, Status};

/// What of an object a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Whole,
    Status,
    Scale,
    Log,
}

/// What a path names.
pub(crate) struct Target<'a> {
    pub(crate) kind: KindRef,
    pub(crate) namespace: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) part: Part,
}

impl<'a> Target<'a> {
    /// Reads a path; `None` if nothing is served there.
    pub(crate) fn parse(documents: &Documents, uid: &str, path: &[&'a str]) -> Option<Self> {
        let (group, rest) = match path {
            ["api", rest @ ..] => ("", rest),
            ["apis", group, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let [version, rest @ ..] = rest else { return None };
        // `namespaces/x/status` is a part of a namespace, `namespaces/x/pods` a list.
        let (namespace, rest) = match rest {
            ["namespaces", _, "status" | "finalize"] => (None, rest),
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (resource, name, part) = match rest {
            [resource] => (*resource, None, Part::Whole),
            [resource, name] => (*resource, Some(*name), Part::Whole),
            [resource, name, "status"] => (*resource, Some(*name), Part::Status),
            ["deployments", name, "scale"] => ("deployments", Some(*name), Part::Scale),
            ["pods", name, "log"] => ("pods", Some(*name), Part::Log),
            _ => return None,
        };
        let kind = crds::by_path(documents, uid, group, version, resource)?;
        // A namespaced object has its namespace in its path, others have none.
        let fits = if kind.namespaced {
            namespace.is_some() || name.is_none()
        } else {
            namespace.is_none()
        };
        let served = part != Part::Status || kind.status;
        (fits && served).then_some(Self {
            kind,
            namespace,
            name,
            part,
        })
    }

    /// The verb of a request to it.
    pub(crate) fn verb(&self, request: &Request) -> Answer<Verb> {
        let watch = request
            .query("watch")
            .is_some_and(|watch| !matches!(watch, "0" | "false"));
        let in_place = self.namespace.is_some() || !self.kind.namespaced;
        let verb = match (&request.method, self.name, self.part) {
            (&Method::GET, Some(_), _) => Verb::Get,
            (&Method::GET, None, _) if watch => Verb::Watch,
            (&Method::GET, None, _) => Verb::List,
            (_, _, Part::Log) => return Err(Status::method()),
            (&Method::PUT, Some(_), _) => Verb::Update,
            (&Method::PATCH, Some(_), _) => Verb::Patch,
            (&Method::POST, None, _) if in_place => Verb::Create,
            (&Method::DELETE, Some(_), Part::Whole) => Verb::Delete,
            (&Method::DELETE, None, _) if in_place => Verb::DeleteCollection,
            _ => return Err(Status::method()),
        };
        if self.kind.verbs.contains(&verb) {
            Ok(verb)
        } else {
            Err(Status::method())
        }
    }

    /// The objects among which it is.
    pub(crate) fn scope(&self) -> Scope<'_> {
        Scope::of(&self.kind, self.namespace)
    }

    /// The resource with its part, as permissions name it.
    pub(crate) fn resource(&self) -> String {
        match self.part {
            Part::Whole => self.kind.resource.clone(),
            Part::Status => format!("{}/status", self.kind.resource),
            Part::Scale => format!("{}/scale", self.kind.resource),
            Part::Log => format!("{}/log", self.kind.resource),
        }
    }
}

/// What is done about fields that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Dropped,
    Told,
    Refused,
}

/// The options of a write.
#[derive(Debug)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) unknown: Unknown,
    pub(crate) force: bool,
    manager: Option<String>,
    agent: String,
}

impl WriteOptions {
    /// Reads them from the query.
    pub(crate) fn read(request: &Request) -> Answer<Self> {
        let unknown = match request.query("fieldValidation") {
            None | Some("" | "Warn") => Unknown::Told,
            Some("Strict") => Unknown::Refused,
            Some("Ignore") => Unknown::Dropped,
            Some(other) => {
                return Err(Status::bad_request(format!(
                    "Invalid value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
                )));
            }
        };
        let manager = request.query("fieldManager").filter(|name| !name.is_empty());
        if manager.is_some_and(|name| name.len() > 128) {
            return Err(Status::bad_request(
                "fieldManager: Too long: may not be more than 128 bytes",
            ));
        }
        // As kube-apiserver names those that say no name: by what their program calls itself.
        let agent = request.header("user-agent").unwrap_or("unknown");
        let agent = agent.split('/').next().unwrap_or_default();
        Ok(Self {
            dry_run: dry_run(request, &Value::Null)?,
            unknown,
            force: matches!(request.query("force"), Some("true" | "1")),
            manager: manager.map(str::to_owned),
            agent: agent.chars().take(128).collect(),
        })
    }

    /// Who applies: whoever does must say a name.
    pub(crate) fn applier(&self, kind: &KindRef, part: Part, now: i64) -> Answer<Writer> {
        let Some(name) = &self.manager else {
            let problem = Problem::required_for("fieldManager", "is required for apply patch");
            return Err(Status::invalid_options("PatchOptions", &problem));
        };
        Ok(writer(name, Operation::Apply, kind, part, now))
    }

    /// Who writes in any other way.
    pub(crate) fn updater(&self, kind: &KindRef, part: Part, now: i64) -> Writer {
        let name = self.manager.as_deref().unwrap_or(&self.agent);
        writer(name, Operation::Update, kind, part, now)
    }
}

fn writer(name: &str, operation: Operation, kind: &KindRef, part: Part, now: i64) -> Writer {
    Writer {
        name: name.to_owned(),
        operation,
        api_version: kind.api_version(),
        subresource: match part {
            Part::Status => "status",
            Part::Scale => "scale",
            Part::Whole | Part::Log => "",
        }
        .to_owned(),
        time: timestamp_seconds(now),
    }
}

/// Whether a write is only tried; anything but `All` is no such wish.
pub(crate) fn dry_run(request: &Request, options: &Value) -> Answer<bool> {
    let asked = request
        .query("dryRun")
        .map(str::to_owned)
        .or_else(|| options["dryRun"][0].as_str().map(str::to_owned));
    match asked.as_deref() {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(Status::bad_request(format!(
            "Invalid value: {other:?}: supported values: \"All\""
        ))),
    }
}

/// The media type of a body, without parameters and in lower case.
pub(crate) fn media_type(request: &Request) -> String {
    let sent = request.header("content-type").unwrap_or("application/json");
    sent.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// A body that is an object.
pub(crate) fn body(request: &Request) -> Answer<Value> {
    const ACCEPTED: &[&str] = &["application/json"];
    let sent = media_type(request);
    if sent == "application/vnd.kubernetes.protobuf" {
        return protobuf::object(&request.body).ok_or_else(|| Status::media_type(&sent, ACCEPTED));
    }
    if sent != "application/json" {
        return Err(Status::media_type(&sent, ACCEPTED));
    }
    serde_json::from_slice::<Value>(&request.body)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| Status::bad_request("the object provided is unrecognized (must be a JSON object)"))
}

/// The body of a patch.
pub(crate) fn patch(request: &Request) -> Answer<Value> {
    serde_json::from_slice::<Value>(&request.body)
        .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_objects_lists_and_parts() {
        let documents = Documents::default();
        let parse = |path: &'static str| {
            let path: Vec<&str> = path.split('/').collect();
            Target::parse(&documents, "u", &path).map(|target| {
                (
                    target.resource(),
                    target.namespace.is_some(),
                    target.name.is_some(),
                )
            })
        };
        let found = |resource: &str, namespace, name| Some((resource.to_owned(), namespace, name));
        assert_eq!(parse("api/v1/namespaces"), found("namespaces", false, false));
        assert_eq!(parse("api/v1/namespaces/a"), found("namespaces", false, true));
        assert_eq!(
            parse("api/v1/namespaces/a/status"),
            found("namespaces/status", false, true)
        );
        assert_eq!(parse("api/v1/namespaces/a/pods"), found("pods", true, false));
        assert_eq!(
            parse("api/v1/namespaces/a/pods/p/log"),
            found("pods/log", true, true)
        );
        assert_eq!(
            parse("apis/apps/v1/namespaces/a/deployments/d/scale"),
            found("deployments/scale", true, true)
        );
        assert_eq!(parse("api/v1/namespaces/a/pods/p/scale"), None);
        assert_eq!(
            parse("apis/apps/v1/deployments"),
            found("deployments", false, false)
        );
        assert_eq!(parse("api/v1/configmaps/a"), None);
        assert_eq!(parse("api/v1/namespaces/a/configmaps/c/status"), None);
        assert_eq!(parse("apis/apps/v1beta1/deployments"), None);
        assert_eq!(parse("apis/batch/v1/jobs"), None);
    }
}
