/** What three tenants do to a host, for as long as the process is there: orders, reports that compute, and somebody who means ill. */
export function traffic(url) {
  const post = (path) =>
    fetch(`${url}/tenants/${path}`, { method: 'POST' }).then(
      (answer) => answer.text(),
      () => {},
    );
  const every = (ms, work) => void setInterval(work, ms).unref();
  every(20, () => post('acme/price?n=3'));
  every(150, () => post('acme/work?n=8000000'));
  every(300, () => post('acme/keep?n=160'));
  every(100, () => post('globex/work?n=20000000'));
  every(700, () => post('globex/fail'));
  every(250, () => post('initech/work?n=2000000000')); // stopped at its cpuTimeMs
  every(400, () => post('initech/keep?n=1000'));
}
