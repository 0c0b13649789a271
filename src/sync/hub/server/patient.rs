//! A connection that gives up on a peer who takes nothing of what is sent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// `inner`, whose writes fail with `TimedOut` when none went on for `patience`.
pub struct Patient<T> {
    inner: T,
    patience: Duration,
    /// Runs while a write waits.
    end: Option<Pin<Box<Sleep>>>,
}

impl<T> Patient<T> {
    pub fn new(inner: T, patience: Duration) -> Patient<T> {
        Patient { inner, patience, end: None }
    }

    fn judge<R>(&mut self, cx: &mut Context<'_>, went: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if went.is_ready() {
            self.end = None;
            return went;
        }
        let patience = self.patience;
        let end =
            self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        ready!(end.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Patient<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Patient<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.judge(cx, went)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let went = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.judge(cx, went)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let went = Pin::new(&mut self.inner).poll_flush(cx);
        self.judge(cx, went)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let went = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.judge(cx, went)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[test]
    fn who_reads_nothing_is_given_up_and_who_reads_slowly_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let patience = Duration::from_millis(200);
            let (ours, _theirs) = tokio::io::duplex(16);
            let stuck = Patient::new(ours, patience).write_all(&[0; 100]).await;
            assert_eq!(stuck.unwrap_err().kind(), io::ErrorKind::TimedOut);

            let (ours, mut theirs) = tokio::io::duplex(16);
            let reading = tokio::spawn(async move {
                let mut bytes = [0; 16];
                for _ in 0..7 {
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    let _ = theirs.read(&mut bytes).await;
                }
            });
            Patient::new(ours, patience).write_all(&[0; 100]).await.expect("it goes on");
            reading.await.unwrap();
        });
    }
}
