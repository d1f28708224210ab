//! The composition root: opens what the slices share, and runs the HTTP server over them.
use crate::{
    auth,
    clock::Clock,
    config::{ServeArgs, StoreArgs},
    console, counts,
    db::Db,
    error::{Error, Result},
    http, jobs, meshery, modules, oauth, operate,
    publishing::issuer::Issuers,
    recent::Recent,
    registry,
    reviews::policy::Policy,
    state::{Inner, State},
    targets::defaults::Defaults,
};
use actix_web::{App, HttpServer, dev::Service, web};
use std::{
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, oneshot};
use utoipa_actix_web::AppExt;

impl State {
    /// Connects to the stores, migrates, and makes what a first start makes.
    pub async fn open(store: StoreArgs, serve: ServeArgs, clock: Clock) -> Result<Self> {
        store.check()?;
        serve.check()?;
        std::fs::create_dir_all(store.spool()).map_err(|e| {
            Error::invalid("--data-dir", format!("cannot make {}: {e}", store.spool().display()))
        })?;
        let db = Db::connect(&store.database_url(), store.database_connections).await?;
        let lock = store.is_embedded_database().then(|| store.data_dir.join("migration.lock"));
        db.migrate(lock.as_deref()).await?;
        let blobs = tamis_blobs::connect(&store.blobs()?).await?;
        let secret = operate::instance::secret(&db).await?;
        let cores = std::thread::available_parallelism().map_or(2, |n| n.get());
        let outbound = crate::imports::client(&serve)?;
        let mail = crate::notify::mail::Mailer::open(&serve)?;
        let webhooks = crate::webhooks::send::client(&outbound);
        let targets = crate::targets::line::client(&outbound, &serve.deploy);
        let own_address = crate::targets::line::own(&outbound, &serve.deploy);
        let sealer = crate::sealing::Sealer::new(serve.deploy.sealing_key.clone(), &store.data_dir);
        let deploy_defaults = Defaults::load(serve.deploy.deploy_defaults.as_deref())?;
        let sign_in = crate::sign_in::SignIn::open(serve.sign_in.as_deref(), cores)?;
        let issuers = Issuers::new(&outbound, clock.clone(), serve.allow_networks.clone());
        let policy = Arc::new(Policy::load(serve.policy.as_deref())?);
        Ok(Self::from(Inner {
            policy,
            limits: http::limits::Limits::new(&serve.rates),
            counts: counts::Counts::new(!serve.no_counts),
            issuers,
            public_url: serve.public_url(),
            db,
            blobs,
            clock,
            store,
            serve,
            secret,
            verifiers: modules::verifiers::Verifiers::start(cores)?,
            readings: Semaphore::new(cores).into(),
            facets: crate::catalog::facets::Known::default(),
            recent: Recent::default(),
            queue: Recent::default(),
            hot: modules::hot::Hot::default(),
            standing: modules::standing::Standing::default(),
            transfers: Semaphore::new(256),
            outbound,
            webhooks,
            own_address,
            deploying: jobs::wakeup::Wakeup::default(),
            targets,
            sealer,
            deploy_defaults,
            mail,
            jobs: jobs::wakeup::Wakeup::default(),
            leaving: AtomicBool::new(false),
            oauth: oauth::Kept::default(),
            registry: registry::known::Known::default(),
            meshery: meshery::Kept::default(),
            sign_in,
        }))
    }
}

/// How long answers ask clients to go elsewhere before the door is closed.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a stopping process waits for its last counts to be written.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Polls `work` inside the process's own runtime. Each of actix's threads has a runtime of its own, which
/// ends when that thread has nothing left to serve; a pooled connection that was opened in it would be dead
/// for the others, which may still be finishing a request.
async fn at_home<T>(home: tokio::runtime::Handle, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let _inside = home.enter();
        work.as_mut().poll(context)
    })
    .await
}

/// Returns when it is time to stop. On SIGTERM idle connections are given the time to go: a proxy that reuses
/// one at the moment it is closed cannot tell whether its request was done, and does not dare to repeat a POST.
async fn asked_to_stop(state: &State) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be heard; only SIGKILL will stop this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => return tracing::info!("SIGINT: stopping"),
        _ = terminate.recv() => tracing::info!("SIGTERM: taking leave"),
    }
    state.leaving.store(true, Ordering::Relaxed);
    tokio::select! {
        _ = tokio::time::sleep(FAREWELL) => {}
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Serves until SIGTERM or SIGINT, or until `stop` is heard; then lets the requests in
/// flight finish.
pub async fn run(state: State, listener: TcpListener, stop: Option<oneshot::Receiver<()>>) -> Result<()> {
    let background = jobs::worker::spawn(state.clone());
    let drain = state.serve.drain_seconds;
    let workers =
        state.serve.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, |n| n.get()));
    let data = web::Data::new(state.clone());
    let counted = state.clone();
    let home = tokio::runtime::Handle::current();
    let server = HttpServer::new(move || {
        let home = home.clone();
        App::new()
            .app_data(data.clone())
            .configure(http::routes::registry)
            .into_utoipa_app()
            .openapi(http::document::base())
            .configure(http::routes::configure)
            .map(|app| {
                app.configure(http::document::docs)
                    .default_service(web::to(http::routes::unmatched))
                    .wrap(actix_web::middleware::from_fn(http::idempotency::keep_answers))
                    .wrap(actix_web::middleware::from_fn(auth::middleware::authorise))
                    .wrap(actix_web::middleware::from_fn(console::refused::as_page))
                    .wrap(actix_web::middleware::from_fn(meshery::refused::in_its_form))
                    .wrap(actix_web::middleware::from_fn(http::middleware::observe))
                    .wrap_fn(move |request, service| at_home(home.clone(), service.call(request)))
            })
            .into_app()
    })
    .workers(workers)
    // The end of an answer is sent when it is written: else it waits for the client to confirm what came before.
    .tcp_nodelay(true)
    // The next piece of a body is taken when the one before is gone, not on top of it: a thousand slow readers
    // hold half as much.
    .h1_write_buffer_size(1024)
    .client_request_timeout(Duration::from_secs(30))
    .keep_alive(Duration::from_secs(75))
    .shutdown_timeout(drain);
    let running = server.disable_signals().listen(listener)?.run();
    let handle = running.handle();
    tokio::spawn(async move {
        match stop {
            Some(told) => drop(told.await),
            None => asked_to_stop(&state).await,
        }
        handle.stop(true).await;
    });
    running.await?;
    background.stop().await;
    // Nobody downloads any more: what was counted is all there is.
    match tokio::time::timeout(LAST_WORDS, counts::flush::flush(&counted)).await {
        Ok(Ok(())) => {}
        outcome => tracing::warn!(?outcome, "the last downloads were not counted"),
    }
    Ok(())
}
