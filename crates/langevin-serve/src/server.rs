//! The port, and the connections that come in by it.

use crate::api::router;
use crate::guard::Guard;
use crate::jobs::Queue;
use crate::limits::Limits;
use crate::models::{ModelError, Models};
use crate::runs::Runs;
use crate::state::App;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use tokio_io_timeout::TimeoutStream;

/// How long an answer may lie unread.
const UNREAD: Duration = Duration::from_secs(30);

/// What is served, to whom, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of runs, or a single run's.
    pub runs: PathBuf,
    /// A model from elsewhere, to be there beside those of the runs.
    pub model: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Names that it is reached by beside its addresses.
    pub names: Vec<String>,
    /// What clients must show. On an address that others can reach, one is made up where none is given.
    pub token: Option<String>,
    /// What a request may ask for.
    pub limits: Limits,
}

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServeError {
    #[error("cannot listen on {address}: {cause}; choose another --port, or end what listens there")]
    Listen { address: SocketAddr, cause: io::Error },
    #[error("cannot read the folder of runs {path}: {cause}")]
    Runs { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("the token is {token:?}: give at least 8 letters, digits, - or _")]
    Token { token: String },
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    #[error("the system gives no random numbers for a token: {0}; give one with --token")]
    Random(String),
}

/// A server that has its port, and answers once it [runs](Server::run).
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<String>,
    limits: Limits,
    queue: Arc<Queue>,
    router: Router,
}

impl Server {
    /// Takes the port, and starts what computes.
    ///
    /// # Errors
    /// If the port is taken, there is no folder of runs, the model cannot be read, or the token is none.
    pub fn bind(options: Options) -> Result<Self, ServeError> {
        let Options { runs, model, address, names, token, limits } = options;
        let token = match token {
            Some(token) if is_token(&token) => Some(token),
            Some(token) => return Err(ServeError::Token { token }),
            None if address.ip().is_loopback() => None,
            None => Some(random_token()?),
        };
        let runs = Runs::new(&runs).map_err(|cause| ServeError::Runs { path: runs.clone(), cause })?;
        let runs = Arc::new(runs);
        let models = Arc::new(Models::new(Arc::clone(&runs), model)?);
        let listen = |cause| ServeError::Listen { address, cause };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let queue = Queue::start(limits)?;
        let app = App::new(limits, runs, models, Arc::clone(&queue));
        let router = router(app, Guard { address, names, token: token.clone() });
        Ok(Self { listener, address, token, limits, queue, router })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address for a browser; with the token, where one is asked for.
    pub fn url(&self) -> String {
        let Self { address, token, .. } = self;
        // Nobody can open 0.0.0.0.
        let host = match address.ip() {
            ip if ip.is_unspecified() => format!("127.0.0.1:{}", address.port()),
            _ => address.to_string(),
        };
        token
            .as_ref()
            .map_or_else(|| format!("http://{host}/"), |token| format!("http://{host}/?token={token}"))
    }

    /// Answers until `stop` says so; what computes then is cancelled.
    ///
    /// # Errors
    /// If the system has no threads or timers for it.
    pub fn run(self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Result<(), ServeError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let queue = Arc::clone(&self.queue);
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            tokio::select! {
                () = accept(listener, self.router, self.limits) => {}
                () = asked(&stop) => {}
            }
            Ok::<(), io::Error>(())
        })?;
        queue.close();
        runtime.shutdown_timeout(Duration::from_millis(500));
        Ok(())
    }
}

/// Waits until `stop` says so.
async fn asked(stop: &(impl Fn() -> bool + Sync)) {
    while !stop() {
        sleep(Duration::from_millis(50)).await;
    }
}

/// Takes connections, so many at a time, and answers each.
async fn accept(listener: tokio::net::TcpListener, router: Router, limits: Limits) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Too many open files, or a peer that is gone already: the next one may do.
                sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        // Who does not read what he asked for holds no place for long.
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(UNREAD));
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.arrival())
                .max_buf_size(64 << 10)
                .serve_connection(TokioIo::new(Box::pin(stream)), service);
            // An end that the peer brought about is no error of ours.
            let _ = connection.await;
            drop(place);
        });
    }
}

fn is_token(token: &str) -> bool {
    token.len() >= 8 && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A token of 128 random bits.
fn random_token() -> Result<String, ServeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| ServeError::Random(error.to_string()))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
