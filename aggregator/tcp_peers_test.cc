#include "aggregator/tcp_peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace starling {
namespace {

using testing::ElementsAre;

TEST(TcpPeersTest, TablesAreReadWhateverElseIsInThem) {
  const char kTable[] =
      "  sl  local_address rem_address   st tx_queue rx_queue tr\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00\n"
      "   1: 0100007F:1F90 0700000A:1267 01 00000000:00000000 00\n"
      "   2: 0100007F:1F90 0800000A:1267 08 00000000:00000000 00\n"
      "   3: 0100007F:1F91 0900000A:1267 01 00000000:00000000 00\n"
      "   4: 0000000000000000FFFF00000100007F:1F90 "
      "0000000000000000FFFF00000100007F:0001 01\n"
      "   5: 00000000000000000000000001000000:1F90 "
      "000080FE000000000000000001000000:0002 01\n"
      "   6: 0100007F:1F90 0x:1 01\n\n ::: x\n";

  EXPECT_THAT(PeersInTable(kTable, {0x1F90}),
              ElementsAre("ipv4:10.0.0.7:4711", "ipv4:10.0.0.8:4711",
                          "ipv4:127.0.0.1:1", "ipv6:%5Bfe80::1%5D:2"));
  EXPECT_THAT(PeersInTable("", {0x1F90}), ElementsAre());
}

TEST(TcpPeersTest, ARealConnectionIsSeen) {
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(server, any, size), 0);
  ASSERT_EQ(listen(server, 1), 0);
  ASSERT_EQ(getsockname(server, any, &size), 0);
  const int port = ntohs(address.sin_port);
  EXPECT_THAT(TcpPeers({port}), ElementsAre());

  const int client = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(connect(client, any, size), 0);
  ASSERT_EQ(getsockname(client, any, &size), 0);

  EXPECT_THAT(
      TcpPeers({port}),
      ElementsAre(absl::StrCat("ipv4:127.0.0.1:", ntohs(address.sin_port))));
  close(client);
  close(server);
}

}  // namespace
}  // namespace starling
