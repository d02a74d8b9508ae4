"""The Engine API's objects as Go types: field names, JSON names, order and kinds.

Templates of ``inspect``, ``info``, ``version`` and ``events`` see these types in Docker's client
(``{{.HostConfig.NanoCPUs}}`` although the JSON says ``NanoCpus``; an absent object prints ``<nil>``; JSON
comes out in this order). Source: the API's type definitions, client 28.2. One field is ``Name=type``,
``Name:wire=type`` where the JSON name differs, with ``?`` behind the name when empty values are left out
of JSON. Embedded structs are listed flat.
"""

TYPES = {
    "container.InspectResponse": (
        "ID:Id=string Created=string Path=string Args=[]string State=*container.State Image=string "
        "ResolvConfPath=string HostnamePath=string HostsPath=string LogPath=string Name=string "
        "RestartCount=int Driver=string Platform=string MountLabel=string ProcessLabel=string "
        "AppArmorProfile=string ExecIDs=[]string HostConfig=*container.HostConfig "
        "GraphDriver=storage.DriverData SizeRw?=*int64 SizeRootFs?=*int64 Mounts=[]container.MountPoint "
        "Config=*container.Config NetworkSettings=*container.NetworkSettings "
        "ImageManifestDescriptor?=*ocispec.Descriptor"
    ),
    "container.State": (
        "Status=string Running=bool Paused=bool Restarting=bool OOMKilled=bool Dead=bool Pid=int "
        "ExitCode=int Error=string StartedAt=string FinishedAt=string Health?=*container.Health"
    ),
    "container.Health": ("Status=string FailingStreak=int Log=[]*container.HealthcheckResult"),
    "container.HealthcheckResult": ("Start=time.Time End=time.Time ExitCode=int Output=string"),
    "container.HostConfig": (
        "Binds=[]string ContainerIDFile=string LogConfig=container.LogConfig NetworkMode=string "
        "PortBindings=map[string][]nat.PortBinding RestartPolicy=container.RestartPolicy AutoRemove=bool "
        "VolumeDriver=string VolumesFrom=[]string ConsoleSize=[2]uint Annotations?=map[string]string "
        "CapAdd=[]string CapDrop=[]string CgroupnsMode=string DNS:Dns=[]string "
        "DNSOptions:DnsOptions=[]string DNSSearch:DnsSearch=[]string ExtraHosts=[]string GroupAdd=[]string "
        "IpcMode=string Cgroup=string Links=[]string OomScoreAdj=int PidMode=string Privileged=bool "
        "PublishAllPorts=bool ReadonlyRootfs=bool SecurityOpt=[]string StorageOpt?=map[string]string "
        "Tmpfs?=map[string]string UTSMode=string UsernsMode=string ShmSize=int64 "
        "Sysctls?=map[string]string Runtime?=string Isolation=string CPUShares:CpuShares=int64 "
        "Memory=int64 NanoCPUs:NanoCpus=int64 CgroupParent=string BlkioWeight=uint16 "
        "BlkioWeightDevice=[]*blkiodev.WeightDevice BlkioDeviceReadBps=[]*blkiodev.ThrottleDevice "
        "BlkioDeviceWriteBps=[]*blkiodev.ThrottleDevice BlkioDeviceReadIOps=[]*blkiodev.ThrottleDevice "
        "BlkioDeviceWriteIOps=[]*blkiodev.ThrottleDevice CPUPeriod:CpuPeriod=int64 CPUQuota:CpuQuota=int64 "
        "CPURealtimePeriod:CpuRealtimePeriod=int64 CPURealtimeRuntime:CpuRealtimeRuntime=int64 "
        "CpusetCpus=string CpusetMems=string Devices=[]container.DeviceMapping DeviceCgroupRules=[]string "
        "DeviceRequests=[]container.DeviceRequest KernelMemory?=int64 KernelMemoryTCP?=int64 "
        "MemoryReservation=int64 MemorySwap=int64 MemorySwappiness=*int64 OomKillDisable=*bool "
        "PidsLimit=*int64 Ulimits=[]*units.Ulimit CPUCount:CpuCount=int64 CPUPercent:CpuPercent=int64 "
        "IOMaximumIOps=uint64 IOMaximumBandwidth=uint64 Mounts?=[]mount.Mount MaskedPaths=[]string "
        "ReadonlyPaths=[]string Init?=*bool"
    ),
    "container.LogConfig": ("Type=string Config=map[string]string"),
    "nat.PortBinding": ("HostIP:HostIp=string HostPort=string"),
    "container.RestartPolicy": ("Name=string MaximumRetryCount=int"),
    "blkiodev.WeightDevice": ("Path=string Weight=uint16"),
    "blkiodev.ThrottleDevice": ("Path=string Rate=uint64"),
    "container.DeviceMapping": ("PathOnHost=string PathInContainer=string CgroupPermissions=string"),
    "container.DeviceRequest": (
        "Driver=string Count=int DeviceIDs=[]string Capabilities=[][]string Options=map[string]string"
    ),
    "units.Ulimit": ("Name=string Hard=int64 Soft=int64"),
    "mount.Mount": (
        "Type?=string Source?=string Target?=string ReadOnly?=bool Consistency?=string "
        "BindOptions?=*mount.BindOptions VolumeOptions?=*mount.VolumeOptions "
        "ImageOptions?=*mount.ImageOptions TmpfsOptions?=*mount.TmpfsOptions "
        "ClusterOptions?=*mount.ClusterOptions"
    ),
    "mount.BindOptions": (
        "Propagation?=string NonRecursive?=bool CreateMountpoint?=bool ReadOnlyNonRecursive?=bool "
        "ReadOnlyForceRecursive?=bool"
    ),
    "mount.VolumeOptions": (
        "NoCopy?=bool Labels?=map[string]string Subpath?=string DriverConfig?=*mount.Driver"
    ),
    "mount.Driver": ("Name?=string Options?=map[string]string"),
    "mount.ImageOptions": ("Subpath?=string"),
    "mount.TmpfsOptions": ("SizeBytes?=int64 Mode?=uint32 Options?=[][]string"),
    "mount.ClusterOptions": (""),
    "storage.DriverData": ("Data=map[string]string Name=string"),
    "container.MountPoint": (
        "Type?=string Name?=string Source=string Destination=string Driver?=string Mode=string RW=bool "
        "Propagation=string"
    ),
    "container.Config": (
        "Hostname=string Domainname=string User=string AttachStdin=bool AttachStdout=bool "
        "AttachStderr=bool ExposedPorts?=map[string]struct{} Tty=bool OpenStdin=bool StdinOnce=bool "
        "Env=[]string Cmd=[]string Healthcheck?=*dockerspec.HealthcheckConfig ArgsEscaped?=bool "
        "Image=string Volumes=map[string]struct{} WorkingDir=string Entrypoint=[]string "
        "NetworkDisabled?=bool MacAddress?=string OnBuild=[]string Labels=map[string]string "
        "StopSignal?=string StopTimeout?=*int Shell?=[]string"
    ),
    "dockerspec.HealthcheckConfig": (
        "Test?=[]string Interval?=time.Duration Timeout?=time.Duration StartPeriod?=time.Duration "
        "StartInterval?=time.Duration Retries?=int"
    ),
    "container.NetworkSettings": (
        "Bridge=string SandboxID=string SandboxKey=string Ports=map[string][]nat.PortBinding "
        "HairpinMode=bool LinkLocalIPv6Address=string LinkLocalIPv6PrefixLen=int "
        "SecondaryIPAddresses=[]network.Address SecondaryIPv6Addresses=[]network.Address EndpointID=string "
        "Gateway=string GlobalIPv6Address=string GlobalIPv6PrefixLen=int IPAddress=string IPPrefixLen=int "
        "IPv6Gateway=string MacAddress=string Networks=map[string]*network.EndpointSettings"
    ),
    "network.Address": ("Addr=string PrefixLen=int"),
    "network.EndpointSettings": (
        "IPAMConfig=*network.EndpointIPAMConfig Links=[]string Aliases=[]string MacAddress=string "
        "DriverOpts=map[string]string GwPriority=int NetworkID=string EndpointID=string Gateway=string "
        "IPAddress=string IPPrefixLen=int IPv6Gateway=string GlobalIPv6Address=string "
        "GlobalIPv6PrefixLen=int DNSNames=[]string"
    ),
    "network.EndpointIPAMConfig": ("IPv4Address?=string IPv6Address?=string LinkLocalIPs?=[]string"),
    "ocispec.Descriptor": (
        "MediaType:mediaType=string Digest:digest=string Size:size=int64 URLs:urls?=[]string "
        "Annotations:annotations?=map[string]string Data:data?=string Platform:platform?=*ocispec.Platform "
        "ArtifactType:artifactType?=string"
    ),
    "ocispec.Platform": (
        "Architecture:architecture=string OS:os=string OSVersion:os.version?=string "
        "OSFeatures:os.features?=[]string Variant:variant?=string"
    ),
    "image.InspectResponse": (
        "ID:Id=string RepoTags=[]string RepoDigests=[]string Parent=string Comment=string Created?=string "
        "Container?=string ContainerConfig?=*container.Config DockerVersion=string Author=string "
        "Config=*dockerspec.DockerOCIImageConfig Architecture=string Variant?=string Os=string "
        "OsVersion?=string Size=int64 VirtualSize?=int64 GraphDriver=storage.DriverData "
        "RootFS=image.RootFS Metadata=image.Metadata Descriptor?=*ocispec.Descriptor "
        "Manifests?=[]image.ManifestSummary"
    ),
    "dockerspec.DockerOCIImageConfig": (
        "User?=string ExposedPorts?=map[string]struct{} Env?=[]string Entrypoint?=[]string Cmd?=[]string "
        "Volumes?=map[string]struct{} WorkingDir?=string Labels?=map[string]string StopSignal?=string "
        "ArgsEscaped?=bool Healthcheck?=*dockerspec.HealthcheckConfig OnBuild?=[]string Shell?=[]string"
    ),
    "image.RootFS": ("Type?=string Layers?=[]string"),
    "image.Metadata": ("LastTagTime?=time.Time"),
    "image.ManifestSummary": (
        "ID=string Descriptor=ocispec.Descriptor Available=bool Size=any Kind=string "
        "ImageData?=*image.ImageProperties AttestationData?=*image.AttestationProperties"
    ),
    "image.ImageProperties": ("Platform=ocispec.Platform Size=any Containers=[]string"),
    "image.AttestationProperties": ("For=string"),
    "network.Inspect": (
        "Name=string ID:Id=string Created=time.Time Scope=string Driver=string EnableIPv4=bool "
        "EnableIPv6=bool IPAM=network.IPAM Internal=bool Attachable=bool Ingress=bool "
        "ConfigFrom=network.ConfigReference ConfigOnly=bool Containers=map[string]network.EndpointResource "
        "Options=map[string]string Labels=map[string]string Peers?=[]network.PeerInfo "
        "Services?=map[string]network.ServiceInfo"
    ),
    "network.IPAM": ("Driver=string Options=map[string]string Config=[]network.IPAMConfig"),
    "network.IPAMConfig": (
        "Subnet?=string IPRange?=string Gateway?=string AuxAddress:AuxiliaryAddresses?=map[string]string"
    ),
    "network.ConfigReference": ("Network=string"),
    "network.EndpointResource": (
        "Name=string EndpointID=string MacAddress=string IPv4Address=string IPv6Address=string"
    ),
    "network.PeerInfo": ("Name=string IP=string"),
    "network.ServiceInfo": ("VIP=string Ports=[]string LocalLBIndex=int Tasks=[]network.Task"),
    "network.Task": ("Name=string EndpointID=string EndpointIP=string Info=map[string]string"),
    "volume.Volume": (
        "ClusterVolume?=any CreatedAt?=string Driver=string Labels=map[string]string Mountpoint=string "
        "Name=string Options=map[string]string Scope=string Status?=map[string]any "
        "UsageData?=*volume.UsageData"
    ),
    "volume.UsageData": ("RefCount=int64 Size=int64"),
    "system.Info": (
        "ID=string Containers=int ContainersRunning=int ContainersPaused=int ContainersStopped=int "
        "Images=int Driver=string DriverStatus=[][]string SystemStatus?=[][]string "
        "Plugins=system.PluginsInfo MemoryLimit=bool SwapLimit=bool KernelMemory?=bool "
        "KernelMemoryTCP?=bool CPUCfsPeriod:CpuCfsPeriod=bool CPUCfsQuota:CpuCfsQuota=bool CPUShares=bool "
        "CPUSet=bool PidsLimit=bool IPv4Forwarding=bool Debug=bool NFd=int OomKillDisable=bool "
        "NGoroutines=int SystemTime=string LoggingDriver=string CgroupDriver=string CgroupVersion?=string "
        "NEventsListener=int KernelVersion=string OperatingSystem=string OSVersion=string OSType=string "
        "Architecture=string IndexServerAddress=string RegistryConfig=*registry.ServiceConfig NCPU=int "
        "MemTotal=int64 GenericResources=[]swarm.GenericResource DockerRootDir=string "
        "HTTPProxy:HttpProxy=string HTTPSProxy:HttpsProxy=string NoProxy=string Name=string "
        "Labels=[]string ExperimentalBuild=bool ServerVersion=string "
        "Runtimes=map[string]system.RuntimeWithStatus DefaultRuntime=string Swarm=swarm.Info "
        "LiveRestoreEnabled=bool Isolation=string InitBinary=string ContainerdCommit=system.Commit "
        "RuncCommit=system.Commit InitCommit=system.Commit SecurityOptions=[]string ProductLicense?=string "
        "DefaultAddressPools?=[]system.NetworkAddressPool FirewallBackend?=*system.FirewallInfo "
        "CDISpecDirs=[]string DiscoveredDevices?=[]system.DeviceInfo Containerd?=*system.ContainerdInfo "
        "Warnings=[]string"
    ),
    "system.PluginsInfo": ("Volume=[]string Network=[]string Authorization=[]string Log=[]string"),
    "registry.ServiceConfig": (
        "AllowNondistributableArtifactsCIDRs?=[]string AllowNondistributableArtifactsHostnames?=[]string "
        "IndexConfigs=map[string]*registry.IndexInfo InsecureRegistryCIDRs=[]string Mirrors=[]string"
    ),
    "registry.IndexInfo": ("Mirrors=[]string Name=string Official=bool Secure=bool"),
    "swarm.GenericResource": (
        "NamedResourceSpec?=*swarm.NamedGenericResource DiscreteResourceSpec?=*swarm.DiscreteGenericResource"
    ),
    "swarm.NamedGenericResource": ("Kind?=string Value?=string"),
    "swarm.DiscreteGenericResource": ("Kind?=string Value?=int64"),
    "system.RuntimeWithStatus": (
        "Path:path?=string Args:runtimeArgs?=[]string Type:runtimeType?=string "
        "Options:options?=map[string]any Status:status?=map[string]string"
    ),
    "swarm.Info": (
        "NodeID=string NodeAddr=string LocalNodeState=string ControlAvailable=bool Error=string "
        "RemoteManagers=any Nodes?=int Managers?=int Cluster?=any Warnings?=[]string"
    ),
    "system.Commit": ("ID=string Expected?=string"),
    "system.NetworkAddressPool": ("Base=string Size=int"),
    "system.FirewallInfo": ("Driver=string Info?=[][]string"),
    "system.DeviceInfo": ("Source=string ID=string"),
    "system.ContainerdInfo": ("Address?=string Namespaces=system.ContainerdNamespaces"),
    "system.ContainerdNamespaces": ("Containers=string Plugins=string"),
    "types.Version": (
        "Platform?=types.Platform Components?=[]types.ComponentVersion Version=string "
        "APIVersion:ApiVersion=string MinAPIVersion?=string GitCommit=string GoVersion=string Os=string "
        "Arch=string KernelVersion?=string Experimental?=bool BuildTime?=string"
    ),
    "types.ComponentVersion": ("Name=string Version=string Details?=map[string]string"),
    "events.Message": (
        "Status:status?=string ID:id?=string From:from?=string Type=string Action=string "
        "Actor=events.Actor Scope:scope?=string Time:time?=int64 TimeNano:timeNano?=int64"
    ),
    "events.Actor": ("ID=string Attributes=map[string]string"),
    "system.dockerInfo": (
        "@system.Info ServerErrors?=[]string ClientInfo?=*system.clientInfo ClientErrors?=[]string"
    ),
    "system.clientInfo": "Debug=bool @system.clientVersion Plugins=[]manager.Plugin Warnings=[]string",
    "system.clientVersion": (
        "Platform?=*system.platformInfo Version?=string APIVersion:ApiVersion?=string "
        "DefaultAPIVersion?=string GitCommit?=string GoVersion?=string Os?=string Arch?=string "
        "BuildTime?=string Context=string"
    ),
    "formatter.Platform": "@ocispec.Platform",
    "system.platformInfo": "Name?=string",
    "system.versionInfo": "Client=system.clientVersion Server=*types.Version",
    "types.Platform": "Name=string",
    "manager.Plugin": (
        "SchemaVersion?=string Vendor?=string Version?=string ShortDescription?=string URL?=string "
        "Name?=string Path?=string ShadowedPaths?=[]string"
    ),
    "context.contextWithTLSListing": (
        "Name?=string Metadata=any Endpoints?=map[string]any TLSMaterial=map[string][]string "
        "Storage=store.StorageInfo"
    ),
    "store.StorageInfo": "MetadataPath=string TLSPath=string",
}
