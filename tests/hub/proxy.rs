//! What stands between a till and its hub and may cut their connections, at any byte.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use memchr::memmem;

/// The direction of a byte: from the till, or to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
}

/// Where to cut: after so many bytes of a request, or of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// What the request begins with.
    pub request: &'static str,
    pub way: Way,
    pub after: usize,
}

/// See the module.
pub struct Proxy {
    pub address: SocketAddr,
    wire: Arc<Mutex<Wire>>,
}

/// All connections through a proxy.
#[derive(Default)]
struct Wire {
    /// Where to cut, `after` being what may still pass.
    cut: Option<Cut>,
    is_cut: bool,
    streams: Vec<TcpStream>,
    /// How often it was opened: what was on its way before is lost.
    opened: usize,
    /// Answers since it was last opened.
    answers: Vec<u8>,
}

/// What one connection is at.
struct Talk {
    /// The last byte came this way.
    last: Way,
    /// It is at the request that is to be cut.
    counts: bool,
}

impl Proxy {
    /// `lag`: how long each part of an answer is on its way.
    pub fn start(hub: SocketAddr, lag: Duration) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy { address: listener.local_addr().unwrap(), wire: Arc::default() };
        let wire = Arc::clone(&proxy.wire);
        thread::spawn(move || {
            for till in listener.incoming() {
                let (till, mut held) = (till.unwrap(), wire.lock().unwrap());
                if !held.is_cut
                    && let Ok(hub) = connect(hub)
                {
                    held.streams.extend([till.try_clone().unwrap(), hub.try_clone().unwrap()]);
                    join_up(till, hub, &wire, held.opened, lag);
                }
            }
        });
        proxy
    }

    /// Cuts everything there, and stays shut until it is opened.
    pub fn cut(&self, cut: Cut) {
        self.wire.lock().unwrap().cut = Some(cut);
    }

    /// Drops all connections, and what is on its way in them; then lets everything through. Returns
    /// whether it was cut.
    pub fn open(&self) -> bool {
        let mut wire = self.wire.lock().unwrap();
        wire.shut();
        wire.answers.clear();
        wire.cut = None;
        wire.opened += 1;
        std::mem::take(&mut wire.is_cut)
    }

    /// Whether the hub said of any record since then that it was there already.
    pub fn has_said_exists(&self) -> bool {
        memmem::find(&self.wire.lock().unwrap().answers, b"\"exists\"").is_some()
    }
}

impl Wire {
    fn shut(&mut self) {
        for stream in self.streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many of these bytes pass; with the last that may it is cut.
    fn pass(&mut self, way: Way, bytes: &[u8], talk: &mut Talk) -> usize {
        if self.is_cut {
            return 0;
        }
        if way == Way::Up && talk.last == Way::Down {
            talk.counts = self.cut.is_some_and(|cut| bytes.starts_with(cut.request.as_bytes()));
        }
        talk.last = way;
        if way == Way::Down {
            self.answers.extend_from_slice(bytes);
        }
        match &mut self.cut {
            Some(cut) if cut.way == way && talk.counts => {
                let passed = bytes.len().min(cut.after);
                cut.after -= passed;
                self.is_cut = cut.after == 0;
                passed
            }
            _ => bytes.len(),
        }
    }
}

/// Carries the bytes of a connection, each way in a thread of its own.
fn join_up(till: TcpStream, hub: TcpStream, wire: &Arc<Mutex<Wire>>, opened: usize, lag: Duration) {
    let talk = Arc::new(Mutex::new(Talk { last: Way::Down, counts: false }));
    let other = (till.try_clone().unwrap(), hub.try_clone().unwrap());
    for (way, mut from, mut to) in [(Way::Up, till, hub), (Way::Down, other.1, other.0)] {
        let (wire, talk) = (Arc::clone(wire), Arc::clone(&talk));
        thread::spawn(move || {
            let mut bytes = [0; 16 << 10];
            while let Ok(read @ 1..) = from.read(&mut bytes) {
                if way == Way::Down {
                    thread::sleep(lag);
                }
                let mut wire = wire.lock().unwrap();
                if wire.opened != opened {
                    break;
                }
                let passed = wire.pass(way, &bytes[..read], &mut talk.lock().unwrap());
                let written = to.write_all(&bytes[..passed]);
                if wire.is_cut {
                    wire.shut();
                }
                if written.is_err() {
                    break;
                }
            }
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// A connection to the hub, each from another of a few addresses of this computer: from one of them a
/// hub opens only so many sessions.
fn connect(hub: SocketAddr) -> std::io::Result<TcpStream> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let host = (NEXT.fetch_add(1, Relaxed) % 250 + 1) as u8;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, host), 0)))?;
        socket.connect(hub).await?.into_std()
    })?;
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
