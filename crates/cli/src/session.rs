//! What the commands that talk to a cloud have in common: configuration, driver, deadline, Ctrl-C.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kompox_config::{ConfigErrors, Loaded, Sources, SystemSecrets};
use kompox_domain::ids::SystemUlids;
use kompox_domain::model::AnyId;
use kompox_domain::{
    AppScope, Cluster, Context, DriverRegistry, Error, ErrorKind, Label, ProgressSink, ProviderDriver,
    VolumeName, WriteOutcome,
};
use kompox_usecase::target::{self, Selector};

use crate::args::{ClusterTargetArgs, GlobalArgs, TargetArgs};
use crate::failure::{Failure, Report, few, with_abandoned};
use crate::stop::Stop;
use crate::ui::{Reporter, Ui};

/// How long a driver may take to notice that its deadline has passed.
const GRACE: Duration = Duration::from_secs(2);

/// The drivers that this program was built with.
pub(crate) fn drivers() -> Result<DriverRegistry, Failure> {
    let mut registry = DriverRegistry::default();
    registry
        .register(Arc::new(kompox_aks::AksFactory::default()))
        .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    Ok(registry)
}

/// Reads the configuration that the flags, the environment and the directory name.
pub(crate) fn configuration(global: &GlobalArgs) -> Result<Loaded, Failure> {
    let current_dir = std::env::current_dir().map_err(|error| {
        Failure::io(
            "cannot tell the current directory",
            error,
            "change to one that exists",
        )
    })?;
    let sources = Sources {
        current_dir,
        kompox_root: global.kompox_root.clone(),
        kompox_dir: global.kompox_dir.clone(),
        kom_paths: global.kom_path.clone(),
        kom_app: global.kom_app.clone(),
        config: global.config.clone(),
    };
    let environment = Environment::default();
    let loaded = kompox_config::load(&sources, &|name| environment.read(name));
    environment.into_result()?;
    let loaded = loaded.map_err(|errors| without_documents(&errors).unwrap_or_else(|| errors.into()))?;
    tracing::debug!(files = ?loaded.files, root = ?loaded.root, dir = ?loaded.dir, "configuration read");
    if !loaded.ignored.is_empty() {
        tracing::debug!(fields = ?loaded.ignored, "accepted and without effect here");
    }
    Ok(loaded)
}

/// The variables of the environment, and one that was asked for and cannot be read.
#[derive(Default)]
pub(crate) struct Environment(RefCell<Option<String>>);

impl Environment {
    /// The value of a variable; absent where it is not set or says nothing.
    pub(crate) fn read(&self, name: &str) -> Option<String> {
        let value = std::env::var_os(name)?.into_string();
        if value.is_err() {
            self.0.borrow_mut().get_or_insert_with(|| name.to_owned());
        }
        value.ok().filter(|value| !value.trim().is_empty())
    }

    /// # Errors
    /// When a variable was read that is not UTF-8.
    pub(crate) fn into_result(self) -> Result<(), Failure> {
        match self.0.into_inner() {
            None => Ok(()),
            Some(name) => Err(Failure::new(
                ErrorKind::InvalidInput,
                format!("variable {name} of the environment is not UTF-8"),
                format!("correct {name} or unset it"),
            )),
        }
    }
}

/// The failure where the place for KOM documents holds none yet, as after `init`.
fn without_documents(errors: &ConfigErrors) -> Option<Failure> {
    let place = errors.searched()?;
    Some(Failure::new(
        ErrorKind::InvalidInput,
        format!("there is no KOM document in {place} yet"),
        "write some; `kompoxops quickstart` makes an example to begin with",
    ))
}

/// An app and the driver of its provider.
pub(crate) struct Session {
    /// The app that the command is about.
    pub(crate) app: AppScope,
    /// The driver.
    pub(crate) driver: Arc<dyn ProviderDriver>,
}

impl Session {
    /// For the app that the flags choose. Sends no request.
    pub(crate) fn open(global: &GlobalArgs, target: &TargetArgs) -> Result<Self, Failure> {
        let loaded = configuration(global)?;
        let app = choose(&loaded, target)?;
        let provider = &app.app.id.cluster.provider;
        let driver = kompox_usecase::driver::build(&loaded.catalog, &drivers()?, provider, &SystemSecrets)?;
        Ok(Self { app, driver })
    }

    /// Whether the app has this volume.
    pub(crate) fn has_volume(&self, name: &VolumeName) -> bool {
        self.app.app.volumes.iter().any(|volume| volume.name == *name)
    }
}

/// A cluster and the driver of its provider.
pub(crate) struct ClusterSession {
    /// The cluster that the command is about.
    pub(crate) cluster: Cluster,
    /// The driver.
    pub(crate) driver: Arc<dyn ProviderDriver>,
}

impl ClusterSession {
    /// For the cluster that the flags choose. Sends no request.
    pub(crate) fn open(global: &GlobalArgs, target: &ClusterTargetArgs) -> Result<Self, Failure> {
        let loaded = configuration(global)?;
        let cluster = choose_cluster(&loaded, target)?;
        let provider = &cluster.id.provider;
        let driver = kompox_usecase::driver::build(&loaded.catalog, &drivers()?, provider, &SystemSecrets)?;
        Ok(Self { cluster, driver })
    }

    /// What the cluster is called.
    pub(crate) fn name(&self) -> &Label {
        &self.cluster.id.cluster
    }
}

/// How long it may take to ask about so many clusters, where one takes this long.
pub(crate) fn rounds(one: Duration, clusters: usize) -> Duration {
    let rounds = clusters.div_ceil(kompox_usecase::cluster::CONCURRENT).max(1);
    one.saturating_mul(u32::try_from(rounds).unwrap_or(u32::MAX))
}

/// The cluster that the flags choose.
pub(crate) fn choose_cluster(loaded: &Loaded, target: &ClusterTargetArgs) -> Result<Cluster, Failure> {
    let cluster = Selector {
        id: target.cluster_id.clone(),
        name: target.cluster_name.clone(),
    };
    let app = Selector {
        id: target.app_id.clone(),
        name: target.app_name.clone(),
    };
    let default = loaded.default_app.as_ref();
    Ok(target::cluster(&loaded.catalog, &cluster, &app, default)?)
}

fn choose(loaded: &Loaded, target: &TargetArgs) -> Result<AppScope, Failure> {
    let app = Selector {
        id: target.app_id.clone(),
        name: target.app_name.clone(),
    };
    let cluster = Selector {
        id: target.cluster_id.clone(),
        name: target.cluster_name.clone(),
    };
    let default = loaded.default_app.as_ref();
    if cluster.is_empty() {
        return Ok(target::app(&loaded.catalog, &app, default)?);
    }
    let scope = target::cluster(&loaded.catalog, &cluster, &app, default)?;
    Ok(target::app(
        &loaded.catalog,
        &app,
        Some(&AnyId::Cluster(scope.id)),
    )?)
}

/// What is told about an operation beside its result.
pub(crate) struct Operation {
    /// What it is called while nothing else is known.
    pub(crate) label: &'static str,
    /// How long it may take unless `--timeout` says otherwise.
    pub(crate) timeout: Duration,
    /// The command that shows where it stands.
    pub(crate) next: String,
}

/// Runs an operation until it ends, its deadline passes, or somebody stops it.
pub(crate) fn operate<T, F>(
    ui: &Ui,
    global: &GlobalArgs,
    operation: &Operation,
    work: F,
) -> Result<T, Failure>
where
    F: AsyncFnOnce(Context) -> kompox_domain::Result<T>,
{
    let (stop, runtime) = start()?;
    let reporter = ui.reporter(operation.label);
    let progress: Arc<dyn ProgressSink> = Arc::clone(&reporter) as _;
    let timeout = global.timeout.unwrap_or(operation.timeout);
    let deadline = Instant::now() + timeout;
    let context = Context::new(progress, Arc::new(SystemUlids::default())).with_deadline(deadline);
    let whole = context.clone();
    tracing::info!(operation = operation.label, ?timeout, "begun");
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = tokio::time::timeout_at((deadline + GRACE).into(), work(context)) => Some(ended),
            () = stop.requested() => None,
        }
    });
    // Here the future is gone, and its steps have told what they left behind.
    reporter.finish();
    // A name that is being resolved would otherwise hold up the end.
    runtime.shutdown_background();
    match ended {
        Some(Ok(Ok(done))) => {
            ui.done(whole.outcome());
            Ok(done)
        }
        Some(Ok(Err(error))) => Err(told(&error, operation)),
        Some(Err(_)) => Err(overdue(&reporter, whole.outcome(), timeout, operation)),
        None => Err(interrupted(&reporter, whole.outcome(), operation)),
    }
}

/// A runtime, and the requests to stop it.
pub(crate) fn start() -> Result<(Stop, tokio::runtime::Runtime), Failure> {
    let cannot = |error| Failure::io("cannot start", error, "free memory, processes or open files");
    let stop = Stop::listen().map_err(cannot)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot)?;
    Ok((stop, runtime))
}

fn told(error: &Error, operation: &Operation) -> Failure {
    let report = Report::of(error);
    let report = match error.kind() {
        ErrorKind::Timeout => report.go_on_with(&operation.next),
        _ => report,
    };
    Failure::Told(Box::new(report))
}

fn overdue(reporter: &Reporter, outcome: WriteOutcome, timeout: Duration, operation: &Operation) -> Failure {
    let waited = crate::duration::human(timeout);
    let abandoned = reporter.abandoned();
    let mut message = format!("{} did not end within {waited}", operation.label);
    if !abandoned.is_empty() {
        message = format!("{message}; this may still run in Azure: {}", few(&abandoned));
    }
    told(
        &Error::new(ErrorKind::Timeout, message).with_outcome(with_abandoned(outcome, &abandoned)),
        operation,
    )
}

fn interrupted(reporter: &Reporter, outcome: WriteOutcome, operation: &Operation) -> Failure {
    Failure::Told(Box::new(Report::interrupted(
        &reporter.abandoned(),
        outcome,
        &operation.next,
    )))
}
