import { fieldsOf, type TCPListener } from './io/fields.js';
import { Uncloneable } from './values/uncloneable.js';
import { checkInteger, checkString } from './values/validate.js';

/** Sockets that a guest is given (wazero: sock.Config). An immutable value. Default: none. */
export class SockConfig extends Uncloneable {
  #listeners: readonly TCPListener[] = Object.freeze([]);
  static {
    fieldsOf.sockConfig = (value) =>
      typeof value === 'object' && value !== null && #listeners in value ? value.#listeners : undefined;
  }

  constructor() {
    super();
    Object.freeze(this);
  }

  /**
   * Listens on `host:port` when a module is instantiated; the guest finds the socket after its directories (wazero: WithTCPListener).
   * The listener does not block: `accept` is EAGAIN where nobody has come, until the guest takes O_NONBLOCK off it.
   * Port 0: any free one, see `experimental.tcpAddresses`.
   * @throws RangeError for a port that is none
   */
  withTCPListener(host: string, port: number): SockConfig {
    checkString(host, 'host');
    checkInteger(port, 0, 65535, 'port');
    const next = new SockConfig();
    next.#listeners = Object.freeze([...this.#listeners, Object.freeze({ host, port })]);
    return next;
  }
}
