// What tests can do to a running provider, under /control/. Only served with "control": true.

const BODY_LIMIT = 4 * 1024 * 1024;

// `operations` maps "METHOD name" to a function from the JSON body to what is answered.
// A refusal is a 400 with the reason.
export async function answerControl(operations, request, response) {
  const name = new URL(request.url, 'http://provider').pathname.slice('/control/'.length);
  const operation = operations[`${request.method} ${name}`];
  if (!operation) return send(response, 404, { error: `there is no ${request.method} /control/${name}` });
  try {
    return send(response, 200, (await operation(await readJSON(request))) ?? {});
  } catch (error) {
    return send(response, 400, { error: error.error_description ?? error.message });
  }
}

async function readJSON(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new RangeError('the body is too big');
    chunks.push(chunk);
  }
  return size ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
}

function send(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
