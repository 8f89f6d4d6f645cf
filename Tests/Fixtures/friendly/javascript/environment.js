console.log(process.env.HOME, process.env.USER, process.env.LD_PRELOAD, Object.keys(process.env).some((name) => name.startsWith('DIATOM')));
process.env.TZ = 'America/New_York';
console.log(new Date(0).getHours(), Intl.DateTimeFormat('de').format(0), require('os').userInfo().username, require('os').hostname());
console.log(Object.keys(require.cache), module.paths[0], process.listenerCount('exit'), Object.keys(globalThis).length > 5);
