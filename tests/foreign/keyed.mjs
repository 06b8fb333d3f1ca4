// Sends a key with every request of the program that node runs after this (`node --import`): the suite knows no keys.
import http from 'node:http';
import { getGlobalDispatcher, setGlobalDispatcher } from 'undici';

const [name, value] = ['x-api-key', 'test_owner'];

const keyed = (headers) => {
  if (Array.isArray(headers)) return [...headers, name, value];
  return { ...(typeof headers?.entries === 'function' ? Object.fromEntries(headers.entries()) : headers), [name]: value };
};
setGlobalDispatcher(
  getGlobalDispatcher().compose((dispatch) => (options, handler) => dispatch({ ...options, headers: keyed(options.headers) }, handler)),
);

const { request } = http;
http.request = (...args) => {
  const sent = request(...args);
  sent.setHeader(name, value);
  return sent;
};
