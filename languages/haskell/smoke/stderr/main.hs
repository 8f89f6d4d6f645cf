import System.IO

main :: IO ()
main = hPutStrLn stderr "err" >> putStrLn "out"
