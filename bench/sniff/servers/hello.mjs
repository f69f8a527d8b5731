/** What every HTTP server of the benchmark does. */
export function hello(_request, response) {
  response.end('hello');
}
