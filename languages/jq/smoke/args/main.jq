$ARGS.positional[] | "<\(.)>"
