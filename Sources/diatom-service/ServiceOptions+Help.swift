extension ServiceOptions {
    static let help = """
        diatom serve: the service; listens at 127.0.0.1:3428 and on a unix socket in its data folder

          --config FILE         settings, as TOML or JSON: history_days = 30 stands for --history-days 30. The usual one is
                                /etc/diatom/diatom.toml for root, else ~/.config/diatom/diatom.toml, if it is there. Variables
                                (DIATOM_HISTORY_DAYS=30) override it, and options override those
          --print-config        print all settings, and where the value of each came from
          --data DIR            where the socket, the store and what is kept live
          --listen HOST:PORT,…  where to listen by TCP, besides the socket; 'none' for nowhere. What is no loopback
                                address needs a key first (diatom keys create)
          --history yes|no      whether runs and the audit log are kept, and keys can be made (default: yes)
          --history-days N      runs that are older go (default: 30; 0: never); the audit log stays
          --history-mb N        what requests, results and files of runs may take (default: 4096)
          --result-cache-mb N   answers that requests with "cache": true may be given again (default: 256; 0: none)
          --result-cache-hours N  for how long (default: 24)
          --webhooks yes|no     whether requests may have their results sent to an https:// URL (default: yes)
          --tls-cert FILE, --tls-key FILE
                                a certificate with its chain and its key, in PEM: serve HTTPS there
          --cors-origins URL,…  pages of these origins may use the service with a key; '*' for all
          --allow NAME,…        isolation layers whose absence is allowed, e.g. memory:sampled
          --preload MODULE,…    modules that the warm Python host imports besides its standard list
          --sessions N          sessions at a time at most (default: 100; 0: there are none)
          --session-preload MODULE,…  modules that every Python context finds imported
          --allow-private HOST:PORT,…
                                servers that runs may name in 'network' although their addresses are private
          --compile-cache-mb N  what compiled programs may take in the data folder (default: 512; 0: none are kept)
          --environments-mb N   what environments of libraries may take (default: 4096; 0: libraries are refused)
          --environment-build-mb N  memory and disk of a sandbox that makes one (default: 2048)
          --queue N             runs that wait at most (default: 500); more are answered with 429
          --runs N              runs at a time at most, sleeping ones too (default: 1000)
          --connections N       clients' connections at most, idle ones too (default: 4096)
          --reserve-memory-mb N  free memory under which new runs wait (default: a tenth of the machine's)
          --index-hosts HOST[:PORT],…  servers of files that the package index leads to, besides itself
          --toolchains FILE     what 'diatom languages add' wrote; the default is the same as there
          --warm-node KIND      yes: fork Node where it can be, else as pooled (the default); pooled: start one ahead
                                for each run; no: start Node when a run is there
          --jailer-socket PATH  a diatom-jailer that runs as a daemon of its own
          --otlp-endpoint URL   send traces there, by OTLP over HTTP (https://collector:4318/v1/traces); also by
                                OTEL_EXPORTER_OTLP_ENDPOINT, with OTEL_EXPORTER_OTLP_HEADERS
          --trace-share SHARE   of the traces that begin here, from 0 to 1 (default: 1)
          --alert-webhook URL   tell it, by signed JSON, when something is wrong with the service
          --alert-email ADDRESS,…  tell them; needs --smtp-url smtp://HOST:PORT and --smtp-from ADDRESS, and perhaps
                                --smtp-user. alert_slack and smtp_password are secret: in the file, or as DIATOM_ALERT_SLACK
                                and DIATOM_SMTP_PASSWORD
          --alert-error-rate SHARE  runs of five minutes that may fail of ours (default: 0.05; off: never tell)
          --alert-wait-ms N     what a hundredth of the runs may wait for its start (default: 2000)
          --alert-queue SHARE   of the queue that may be taken (default: 0.8)
          --alert-disk-free SHARE  of the data folder's disk that should be free (default: 0.1)
          --test-alerts         tell everybody that this is a test, say what came of it, and end
          --verbose             log every request
          --log-format FORMAT   text: keys and values (the default); json: an object a line

        example: diatom serve --data /tmp/diatom &
                 curl --unix-socket /tmp/diatom/diatom.sock -H 'Content-Type: application/json' \\
                   -d '{"language":"python","code":"print(6*7)"}' http://localhost/v1/runs

        """
}
