const zlib = require('zlib');
const crypto = require('crypto');
zlib.gzip('x'.repeat(100000), (error, packed) => {
  zlib.gunzip(packed, (error, plain) => console.log(plain.length, packed.length < 1000));
});
console.log(crypto.createHash('sha256').update('abc').digest('hex').slice(0, 16));
crypto.pbkdf2('a', 'b', 1000, 16, 'sha256', (error, key) => console.log(key.length));
crypto.generateKeyPair('ed25519', (error, pub, key) => console.log(crypto.verify(null, Buffer.from('m'), pub, crypto.sign(null, Buffer.from('m'), key))));
