// stream.js: server-sent events, followed until they are closed, through lost connections.

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 10000;

/**
 * Follows an event stream. EventSource reconnects by itself after a broken connection, but gives up when it gets
 * an answer that is not a stream; then this one tries again, with growing pauses, from what `url()` says by then.
 *
 * `on` maps events to functions of their parsed data; `lost` is called when the connection breaks, `back` when it is there again.
 */
export class Stream {
  constructor(url, on, { lost = () => {}, back = () => {} } = {}) {
    Object.assign(this, { url, on, lost, back, pause: FIRST_PAUSE, closed: false });
    this.leave = () => this.close();
    addEventListener("pagehide", this.leave);
    this.open();
  }

  open() {
    this.source = new EventSource(this.url());
    for (const [event, take] of Object.entries(this.on)) {
      this.source.addEventListener(event, (message) => {
        if (!this.closed) take(JSON.parse(message.data));
      });
    }
    this.source.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.back();
    };
    this.source.onerror = () => {
      if (this.closed) return;
      this.lost();
      if (this.source.readyState === EventSource.CLOSED && !this.closed) {
        this.timer = setTimeout(() => this.open(), this.pause);
        this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
      }
    };
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener("pagehide", this.leave);
    this.source.close();
  }
}
